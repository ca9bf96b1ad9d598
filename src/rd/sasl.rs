//! New tokens and credentials for a client that runs.

use std::ffi::{CStr, CString};

use libc::c_char;

use super::client::Client;
use super::error::{lossy, Code, Error};
use super::sys;

impl Client {
    /// The OAUTHBEARER token to use from now on. `extensions`: names and values in turn.
    pub fn set_oauthbearer_token(
        &self,
        token: &CStr,
        lifetime_ms: i64,
        principal: &CStr,
        extensions: &[CString],
    ) -> Result<(), Error> {
        let mut extensions: Vec<*const c_char> =
            extensions.iter().map(|text| text.as_ptr()).collect();
        let mut errstr = [0; 512];
        // SAFETY: the client is alive, all texts are terminated and copied.
        let code = unsafe {
            sys::rd_kafka_oauthbearer_set_token(
                self.as_raw(),
                token.as_ptr(),
                lifetime_ms,
                principal.as_ptr(),
                extensions.as_mut_ptr(),
                extensions.len(),
                errstr.as_mut_ptr(),
                errstr.len(),
            )
        };
        match Code(code) {
            Code::NO_ERROR => Ok(()),
            // SAFETY: librdkafka terminates what it writes, and the buffer began as zeroes.
            code => Err(Error::new(
                code,
                lossy(unsafe { CStr::from_ptr(errstr.as_ptr()) }),
            )),
        }
    }

    /// That no token could be had, and why.
    pub fn set_oauthbearer_failure(&self, text: &CStr) -> Result<(), Error> {
        // SAFETY: the client is alive; the text is copied.
        Code(unsafe { sys::rd_kafka_oauthbearer_set_token_failure(self.as_raw(), text.as_ptr()) })
            .check()
    }

    /// The user and password to connect with from now on, by PLAIN or SCRAM.
    pub fn set_sasl_credentials(&self, user: &CStr, password: &CStr) -> Result<(), Error> {
        // SAFETY: the client is alive; the texts are copied; an error object is ours.
        unsafe {
            Error::check(sys::rd_kafka_sasl_set_credentials(
                self.as_raw(),
                user.as_ptr(),
                password.as_ptr(),
            ))
        }
    }
}
