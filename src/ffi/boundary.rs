//! What every exported function shares: the panic boundary and the checks of
//! what C hands over.

use std::ffi::{c_char, c_void, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice;

use super::error::kafka_error;
use crate::client::{Error, Result};

/// Runs the body of an exported function. A panic becomes a code: unwinding into
/// C would be undefined behaviour.
///
/// # Safety
/// `err` is null or points to a `kafka_error` that may be written.
#[inline]
pub unsafe fn guarded(err: *mut kafka_error, body: impl FnOnce() -> Result<()>) -> i32 {
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => error,
        Err(panic) => Error::new(Error::PANIC, panic_text(panic.as_ref())),
    };
    // SAFETY: by the caller's word.
    if let Some(err) = unsafe { err.as_mut() } {
        err.fill(&error);
    }
    error.code
}

/// As [`guarded`], for functions that cannot fail: frees and releases.
pub fn guarded_void(body: impl FnOnce()) {
    // There is no place for an error; the panic hook has written it to stderr.
    let _ = catch_unwind(AssertUnwindSafe(body));
}

#[cold]
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown cause");
    format!("internal error, please report it: {text}")
}

#[cold]
fn is_null(name: &str) -> Error {
    Error::invalid(format!("{name} is NULL"))
}

/// A reference to what a pointer names.
///
/// # Safety
/// `pointer` is null or valid for the call.
#[inline]
pub unsafe fn reference<'a, T>(pointer: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: by the caller's word.
    unsafe { pointer.as_ref() }.ok_or_else(|| is_null(name))
}

/// A reference to what a pointer names, to change it.
///
/// # Safety
/// `pointer` is null or valid, and not used elsewhere, for the call.
#[inline]
pub unsafe fn reference_mut<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T> {
    // SAFETY: by the caller's word.
    unsafe { pointer.as_mut() }.ok_or_else(|| is_null(name))
}

/// A place to write a result to; what it held before is not looked at.
///
/// # Safety
/// `pointer` is null or may be written for the call.
#[inline]
pub unsafe fn output<T>(pointer: *mut T, name: &str) -> Result<Output<T>> {
    if pointer.is_null() {
        return Err(is_null(name));
    }
    Ok(Output(pointer))
}

/// See [`output`].
pub struct Output<T>(*mut T);

impl<T> Output<T> {
    /// Hands a result over.
    #[inline]
    pub fn write(self, value: T) {
        // SAFETY: `output` was promised that it may be written.
        unsafe { self.0.write(value) };
    }
}

impl<T> Output<*mut T> {
    /// Hands an object over, as an opaque pointer that its `_free` takes back.
    pub fn hand_over(self, object: T) {
        self.write(Box::into_raw(Box::new(object)));
    }
}

/// Takes an object back that [`Output::hand_over`] gave away; null is nothing.
///
/// # Safety
/// `pointer` is null or comes from `hand_over`, and is not used again.
pub unsafe fn take_back<T>(pointer: *mut T) -> Option<Box<T>> {
    // SAFETY: by the caller's word.
    (!pointer.is_null()).then(|| unsafe { Box::from_raw(pointer) })
}

/// A NUL-terminated string.
///
/// # Safety
/// `pointer` is null or a NUL-terminated string that stays as it is for the call.
#[inline]
pub unsafe fn string<'a>(pointer: *const c_char, name: &str) -> Result<&'a CStr> {
    if pointer.is_null() {
        return Err(is_null(name));
    }
    // SAFETY: by the caller's word.
    Ok(unsafe { CStr::from_ptr(pointer) })
}

/// Bytes: a null pointer of length 0 is none at all, which is not the same as empty.
///
/// # Safety
/// `pointer` is null or points to `len` bytes that stay as they are for the call.
#[inline]
pub unsafe fn bytes<'a>(
    pointer: *const c_void,
    len: usize,
    name: &str,
) -> Result<Option<&'a [u8]>> {
    match (pointer.is_null(), len) {
        (true, 0) => Ok(None),
        (false, len) if isize::try_from(len).is_ok() => {
            // SAFETY: by the caller's word, and of a length that a slice can have.
            Ok(Some(unsafe { slice::from_raw_parts(pointer.cast(), len) }))
        }
        (is_null, len) => Err(are_no_bytes(is_null, len, name)),
    }
}

// Apart, so that a call that goes well keeps what it has in registers.
#[cold]
#[inline(never)]
fn are_no_bytes(is_null: bool, len: usize, name: &str) -> Error {
    Error::invalid(match is_null {
        true => format!("{name} is NULL with a length of {len}"),
        false => format!("{name}_len is out of range: {len}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_code() {
        let mut err = kafka_error::default();
        // SAFETY: err is a live local.
        let code = unsafe { guarded(&mut err, || panic!("on purpose")) };
        assert_eq!(code, Error::PANIC);
        assert_eq!(err.code, Error::PANIC);
        assert!(err.text().contains("on purpose"), "{}", err.text());
    }

    #[test]
    fn an_error_is_optional() {
        // SAFETY: null is allowed.
        let code = unsafe { guarded(std::ptr::null_mut(), || Err(Error::closed())) };
        assert_eq!(code, Error::CLOSED);
    }

    #[test]
    fn none_is_not_empty() {
        let byte = 0u8;
        let some = std::ptr::from_ref(&byte).cast();
        // SAFETY: the pointers are null or point to a live local.
        unsafe {
            assert_eq!(bytes(std::ptr::null(), 0, "value").unwrap(), None);
            assert_eq!(bytes(some, 0, "value").unwrap(), Some(&[][..]));
            assert!(bytes(std::ptr::null(), 1, "value").is_err());
            assert!(bytes(some, usize::MAX, "value").is_err());
        }
    }
}
