//! The SCRAM credentials of users.

use std::ffi::CString;

use libc::{c_char, c_int};

use super::{
    array, c_str, failed, is_ok, names, outcome_of_error, sys, word, Natives, Operation, Settings,
};
use crate::rd::error::{lossy, Code};
use crate::value::input::{Distinct, Input, Invalid};
use crate::value::Value;

const MECHANISMS: &[(&str, c_int)] = &[("SCRAM-SHA-256", 1), ("SCRAM-SHA-512", 2)];

/// What brokers accept at least, and what is taken unless it is said.
const ITERATIONS: i32 = 4096;

/// Which credentials users have; without users, those of all.
pub fn describe_user_scram_credentials(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let input = Input::new("users", items);
    let users = match input.is_null() || input.list()?.is_empty() {
        true => Vec::new(),
        false => names(&input)?,
    };
    Ok(Operation::new(
        sys::op::DESCRIBE_SCRAM,
        Settings::none(options)?,
        |result| {
            let get = sys::rd_kafka_DescribeUserScramCredentials_result_descriptions;
            // SAFETY: `result` is alive, see [`Read`].
            let users = unsafe { array(result, get) };
            // SAFETY: as above.
            let user = |&user: &_| unsafe {
                let name = c_str(sys::rd_kafka_UserScramCredentialsDescription_user(user));
                (name.to_owned(), description(user))
            };
            Ok(Value::Map(users.iter().map(user).collect()))
        },
        move |rk, options, queue| {
            let mut users: Vec<*const c_char> = users.iter().map(|name| name.as_ptr()).collect();
            let (users, count) = (users.as_mut_ptr(), users.len());
            // SAFETY: all are alive, and the names copied.
            unsafe { sys::rd_kafka_DescribeUserScramCredentials(rk, users, count, options, queue) };
        },
    ))
}

/// Sets and deletes credentials.
pub fn alter_user_scram_credentials(
    items: Option<&Value>,
    options: Option<&Value>,
) -> Result<Operation, Invalid> {
    let mut natives = Natives::new(sys::rd_kafka_UserScramCredentialAlteration_destroy);
    let mut distinct = Distinct::default();
    for item in Input::new("alterations", items).items()? {
        let fields = item.fields(&[
            "user",
            "mechanism",
            "iterations",
            "password",
            "salt",
            "delete",
        ])?;
        let user = fields.need("user")?.name()?;
        let mechanism = fields.need("mechanism")?.choice(MECHANISMS)?;
        let of = [
            user.as_bytes(),
            b" ",
            word(MECHANISMS, mechanism).as_bytes(),
        ]
        .concat();
        distinct.add(&CString::new(of).expect("no part has a NUL"), &item)?;
        if fields.read("delete", Input::bool)?.unwrap_or(false) {
            let rest = ["iterations", "password", "salt"];
            if let Some(useless) = rest.iter().find_map(|name| fields.get(name)) {
                return Err(useless.refuse("of no use together with delete"));
            }
            // SAFETY: the text is terminated and copied; the object is ours.
            natives.push(unsafe {
                sys::rd_kafka_UserScramCredentialDeletion_new(user.as_ptr(), mechanism)
            });
            continue;
        }
        let iterations = fields.read("iterations", |count| count.int_from(1))?;
        let password = fields.need("password")?;
        if password.bytes()?.is_empty() {
            return Err(password.refuse("the text is empty"));
        }
        let (password, salt) = (
            password.bytes()?,
            fields.read("salt", Input::bytes)?.unwrap_or_default(),
        );
        // SAFETY: all are alive and copied; the object is ours.
        natives.push(unsafe {
            sys::rd_kafka_UserScramCredentialUpsertion_new(
                user.as_ptr(),
                mechanism,
                iterations.unwrap_or(ITERATIONS),
                password.as_ptr().cast(),
                password.len(),
                salt.as_ptr().cast(),
                salt.len(),
            )
        });
    }
    Ok(Operation::of_many(
        sys::op::ALTER_SCRAM,
        Settings::none(options)?,
        |result| {
            let get = sys::rd_kafka_AlterUserScramCredentials_result_responses;
            // SAFETY: `result` is alive, see [`Read`].
            let users = unsafe { array(result, get) };
            // SAFETY: as above.
            let user = |&user: &_| unsafe {
                let name =
                    c_str(sys::rd_kafka_AlterUserScramCredentials_result_response_user(user));
                let error = sys::rd_kafka_AlterUserScramCredentials_result_response_error(user);
                (name.to_owned(), outcome_of_error(error))
            };
            Ok(Value::Map(users.iter().map(user).collect()))
        },
        natives,
        sys::rd_kafka_AlterUserScramCredentials,
    ))
}

/// # Safety
/// `user` is alive.
unsafe fn description(user: *const sys::rd_kafka_UserScramCredentialsDescription_t) -> Value {
    // SAFETY: by the caller's word; what the user has lives as long.
    unsafe {
        let error = sys::rd_kafka_UserScramCredentialsDescription_error(user);
        let outcome = outcome_of_error(error);
        if !is_ok(&outcome) {
            // librdkafka goes on behind the end of the broker's text.
            let text = lossy(c_str(sys::rd_kafka_error_string(error)));
            let text = text.trim_end_matches(char::is_control);
            return failed(Code(sys::rd_kafka_error_code(error)), text);
        }
        let count = sys::rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(user);
        let credential = |index| {
            let info =
                sys::rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(user, index);
            Value::map()
                .with(
                    "mechanism",
                    word(
                        MECHANISMS,
                        sys::rd_kafka_ScramCredentialInfo_mechanism(info),
                    ),
                )
                .with(
                    "iterations",
                    sys::rd_kafka_ScramCredentialInfo_iterations(info),
                )
        };
        outcome.with(
            "credentials",
            (0..count).map(credential).collect::<Vec<_>>(),
        )
    }
}
