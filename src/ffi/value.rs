//! `kafka_value`: structured data, as in JSON.

use std::ffi::{c_char, c_void};

use super::boundary::{
    bytes, guarded, guarded_void, output, reference, reference_mut, string, take_back,
};
use super::error::kafka_error;
use crate::client::{Error, Result};
use crate::process;
use crate::value::Value;

/// The kind of a value: nothing.
pub const KAFKA_VALUE_NULL: i32 = 0;
/// The kind of a value: 0 or 1.
pub const KAFKA_VALUE_BOOL: i32 = 1;
/// The kind of a value: an integer of 64 bits.
pub const KAFKA_VALUE_INT: i32 = 2;
/// The kind of a value: text, or any other bytes.
pub const KAFKA_VALUE_TEXT: i32 = 3;
/// The kind of a value: values in an order.
pub const KAFKA_VALUE_LIST: i32 = 4;
/// The kind of a value: values by name, in an order.
pub const KAFKA_VALUE_MAP: i32 = 5;

/// Structured data, for calls that take some and results that have some. Not to be
/// changed by one thread while another uses it.
// Written so that cbindgen overlooks it, to which the type shall be opaque.
#[cfg_attr(all(), repr(transparent))]
pub struct kafka_value(pub(super) Value);

impl kafka_value {
    pub(super) fn from_ref(value: &Value) -> *const Self {
        // The same layout: repr(transparent).
        std::ptr::from_ref(value).cast()
    }
}

unsafe fn hand_over(value: *mut *mut kafka_value, new: Value) -> Result<()> {
    output(value, "value")?.hand_over(kafka_value(new));
    Ok(())
}

fn wrong_kind(wanted: &str, value: &Value) -> Error {
    Error::invalid(format!("{wanted} is needed, not {}", value.kind_name()))
}

/// Makes a null.
///
/// value: where the new value goes; free it with kafka_value_free, unless it is given
/// away before. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_new_null(
    value: *mut *mut kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || hand_over(value, Value::Null))
}

/// Makes a boolean; truth: 0 is false, all else true. See kafka_value_new_null.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_new_bool(
    truth: i32,
    value: *mut *mut kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || hand_over(value, Value::Bool(truth != 0)))
}

/// Makes an integer. See kafka_value_new_null.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_new_int(
    number: i64,
    value: *mut *mut kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || hand_over(value, Value::Int(number)))
}

/// Makes a text. text: copied; NULL with length 0 for an empty one. See
/// kafka_value_new_null.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_new_text(
    text: *const c_void,
    text_len: usize,
    value: *mut *mut kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let text = bytes(text, text_len, "text")?.unwrap_or_default();
        hand_over(value, text.into())
    })
}

/// Makes an empty list. See kafka_value_new_null.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_new_list(
    value: *mut *mut kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || hand_over(value, Value::List(Vec::new())))
}

/// Makes an empty map. See kafka_value_new_null.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_new_map(
    value: *mut *mut kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || hand_over(value, Value::map()))
}

/// Appends to a list.
///
/// item: the list's from then on, and not to be used or freed any more. Returns 0, or
/// KAFKA_ERR_INVALID_ARGUMENT if list is none: item stays the caller's. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_append(
    list: *mut kafka_value,
    item: *mut kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let list = reference_mut(list, "list")?;
        reference(item, "item")?;
        match &mut list.0 {
            Value::List(items) => items.extend(take_back(item).map(|item| item.0)),
            other => return Err(wrong_kind("a list", other)),
        }
        Ok(())
    })
}

/// Sets an entry of a map, in place of one of that name.
///
/// name: copied. item: the map's from then on, and not to be used or freed any more.
/// Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if map is none: item stays the caller's.
/// Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_set(
    map: *mut kafka_value,
    name: *const c_char,
    item: *mut kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let map = reference_mut(map, "map")?;
        let name = string(name, "name")?;
        reference(item, "item")?;
        if !matches!(map.0, Value::Map(_)) {
            return Err(wrong_kind("a map", &map.0));
        }
        if let Some(item) = take_back(item) {
            let _ = map.0.set(name.to_owned(), item.0);
        }
        Ok(())
    })
}

/// What kind a value is.
///
/// kind: one of the KAFKA_VALUE constants. Returns 0. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_kind(
    value: *const kafka_value,
    kind: *mut i32,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let value = reference(value, "value")?;
        output(kind, "kind")?.write(match value.0 {
            Value::Null => KAFKA_VALUE_NULL,
            Value::Bool(_) => KAFKA_VALUE_BOOL,
            Value::Int(_) => KAFKA_VALUE_INT,
            Value::Text(_) => KAFKA_VALUE_TEXT,
            Value::List(_) => KAFKA_VALUE_LIST,
            Value::Map(_) => KAFKA_VALUE_MAP,
        });
        Ok(())
    })
}

/// How many items a list or a map has.
///
/// Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if value is neither. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_count(
    value: *const kafka_value,
    item_count: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let count = match &reference(value, "value")?.0 {
            Value::List(items) => items.len(),
            Value::Map(entries) => entries.len(),
            other => return Err(wrong_kind("a list or a map", other)),
        };
        output(item_count, "item_count")?.write(count);
        Ok(())
    })
}

fn out_of_range(index: usize, count: usize) -> Error {
    Error::invalid(format!("index is {index}, of {count} items"))
}

/// An item of a list or a map, by its place from 0.
///
/// name: of a map's entry, NUL-terminated; NULL for a list's item; may be NULL. item: both
/// are value's, and last until it is changed or freed. Returns 0, or
/// KAFKA_ERR_INVALID_ARGUMENT if there is none. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_item(
    value: *const kafka_value,
    index: usize,
    name: *mut *const c_char,
    item: *mut *const kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let (found_name, found) = match &reference(value, "value")?.0 {
            Value::List(items) => {
                let found = items.get(index);
                let found = found.ok_or_else(|| out_of_range(index, items.len()))?;
                (std::ptr::null(), found)
            }
            Value::Map(entries) => {
                let found = entries.get(index);
                let (name, found) = found.ok_or_else(|| out_of_range(index, entries.len()))?;
                (name.as_ptr(), found)
            }
            other => return Err(wrong_kind("a list or a map", other)),
        };
        output(item, "item")?.write(kafka_value::from_ref(found));
        if let Some(name) = name.as_mut() {
            *name = found_name;
        }
        Ok(())
    })
}

/// An entry of a map, by its name.
///
/// item: value's, and lasts until that is changed or freed. Returns 0; KAFKA_ERR_NOENT if
/// there is none of that name; KAFKA_ERR_INVALID_ARGUMENT if value is no map. Does not
/// block.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_get(
    value: *const kafka_value,
    name: *const c_char,
    item: *mut *const kafka_value,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let value = reference(value, "value")?;
        let name = string(name, "name")?;
        let item = output(item, "item")?;
        let Value::Map(entries) = &value.0 else {
            return Err(wrong_kind("a map", &value.0));
        };
        let found = entries.iter().find(|(key, _)| key.as_c_str() == name);
        let (_, found) = found.ok_or_else(|| {
            let name = name.to_string_lossy();
            Error::missing(format!("there is no entry \"{name}\""))
        })?;
        item.write(kafka_value::from_ref(found));
        Ok(())
    })
}

/// The number of an integer, or 0 or 1 for a boolean.
///
/// Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if value is neither. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_int(
    value: *const kafka_value,
    number: *mut i64,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let found = match reference(value, "value")?.0 {
            Value::Int(number) => number,
            Value::Bool(truth) => truth.into(),
            ref other => return Err(wrong_kind("an integer or a boolean", other)),
        };
        output(number, "number")?.write(found);
        Ok(())
    })
}

/// The bytes of a text.
///
/// text: value's, and lasts until that is changed or freed; a NUL follows it. text_len: may
/// be NULL. Returns 0, or KAFKA_ERR_INVALID_ARGUMENT if value is no text. Does not block.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_text(
    value: *const kafka_value,
    text: *mut *const c_char,
    text_len: *mut usize,
    err: *mut kafka_error,
) -> i32 {
    guarded(err, || {
        let found = match &reference(value, "value")?.0 {
            Value::Text(text) => text,
            other => return Err(wrong_kind("a text", other)),
        };
        output(text, "text")?.write(found.as_bytes_with_nul().as_ptr().cast());
        if let Some(text_len) = text_len.as_mut() {
            *text_len = found.as_bytes().len();
        }
        Ok(())
    })
}

/// Frees a value with all that is in it; NULL is nothing. Not for values inside others, nor
/// for those of a future.
#[no_mangle]
pub unsafe extern "C" fn kafka_value_free(value: *mut kafka_value) {
    guarded_void(|| {
        let value = take_back(value);
        if value.as_ref().is_some_and(|value| value.0.is_large()) {
            process::background::run(move || drop(value));
        }
    });
}
