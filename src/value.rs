//! Structured data: what goes into an admin request and what comes out of one.

use std::ffi::CString;

pub mod input;

/// Freeing so many values, or partitions, takes as long as starting a thread that does.
pub const MANY: usize = 1000;

/// A value of any kind, as in JSON; texts may hold any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Text or other bytes.
    Text(Text),
    /// Values in an order.
    List(Vec<Value>),
    /// Values by name, in the order they were set.
    Map(Vec<(CString, Value)>),
}

/// Bytes, and a terminator behind them for callers that read them as a C string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(Vec<u8>);

impl Text {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0[..self.0.len() - 1]
    }

    /// The bytes and a NUL.
    pub fn as_bytes_with_nul(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self([bytes, b"\0"].concat())
    }
}

impl Value {
    /// An empty map.
    pub fn map() -> Self {
        Self::Map(Vec::new())
    }

    /// Whether freeing it takes so long that an event loop must not do it.
    pub fn is_large(&self) -> bool {
        /// Counts `left` down; `None` once there are too many.
        fn count_down(value: &Value, left: usize) -> Option<usize> {
            let left = left.checked_sub(1)?;
            match value {
                Value::List(items) => items.iter().try_fold(left, |left, it| count_down(it, left)),
                Value::Map(entries) => {
                    let mut items = entries.iter().map(|(_, item)| item);
                    items.try_fold(left, |left, it| count_down(it, left))
                }
                _ => Some(left),
            }
        }
        count_down(self, MANY).is_none()
    }

    /// What to call its kind in a message.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// An entry of a map; `None` if it is not there, or this is not a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let found = entries
            .iter()
            .find(|(key, _)| key.as_bytes() == name.as_bytes());
        found.map(|(_, value)| value)
    }

    /// Sets an entry of a map, in place of one of that name. The value itself comes back where
    /// this is not a map.
    pub fn set(&mut self, name: CString, value: Self) -> Result<(), Self> {
        let Self::Map(entries) = self else {
            return Err(value);
        };
        match entries.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => entries.push((name, value)),
        }
        Ok(())
    }

    /// This map with one entry more, whose name has no NUL in it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Self>) -> Self {
        let name = CString::new(name).expect("a name without a NUL");
        self.set(name, value.into()).expect("a map");
        self
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Text(bytes.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<&std::ffi::CStr> for Value {
    fn from(text: &std::ffi::CStr) -> Self {
        text.to_bytes().into()
    }
}

impl From<CString> for Value {
    fn from(text: CString) -> Self {
        text.as_c_str().into()
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items)
    }
}

/// `None` is null.
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_keeps_its_order_and_has_each_name_once() {
        let map = Value::map().with("b", 1).with("a", 2).with("b", 3);
        assert_eq!(
            map,
            Value::Map(vec![
                (c"b".to_owned(), Value::Int(3)),
                (c"a".to_owned(), Value::Int(2)),
            ])
        );
        assert_eq!(map.get("a"), Some(&Value::Int(2)));
        assert_eq!(map.get("c"), None);
    }

    #[test]
    fn a_text_may_hold_any_bytes_and_is_terminated() {
        let text = Text::from(&b"a\0b"[..]);
        assert_eq!(text.as_bytes(), b"a\0b");
        assert_eq!(text.as_bytes_with_nul(), b"a\0b\0");
    }

    #[test]
    fn what_is_large_is_so_at_any_depth() {
        let of = |count| Value::map().with("a", vec![Value::Int(1); count]);
        assert!(!of(MANY - 2).is_large());
        assert!(of(MANY - 1).is_large());
    }

    #[test]
    fn what_is_not_a_map_takes_no_entry() {
        let refused = Value::Int(1).set(c"a".to_owned(), Value::Bool(true));
        assert_eq!(refused, Err(Value::Bool(true)));
    }
}
