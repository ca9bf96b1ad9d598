//! Texts that many reports have in common: each kept once, and known by a number.

use std::collections::HashMap;
use std::ffi::CStr;
use std::num::NonZeroU16;
use std::sync::{Arc, PoisonError, RwLock};

/// Stands for a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextId(NonZeroU16);

/// All texts so far. They are never forgotten.
#[derive(Default)]
pub struct Texts(RwLock<Table>);

#[derive(Default)]
struct Table {
    ids: HashMap<Arc<CStr>, TextId>,
    texts: Vec<Arc<CStr>>,
}

impl Texts {
    /// The number of a text; none for a new one where there are `most` already.
    pub fn intern(&self, text: &CStr, most: u16) -> Option<TextId> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = known.ids.get(text) {
            return Some(*id);
        } else if known.texts.len() >= usize::from(most) {
            return None;
        }
        drop(known);
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let next = u16::try_from(table.texts.len() + 1).ok()?;
        let next = TextId(NonZeroU16::new(next)?);
        let text: Arc<CStr> = text.into();
        let id = *table.ids.entry(Arc::clone(&text)).or_insert(next);
        if id == next {
            table.texts.push(text);
        }
        Some(id)
    }

    /// The text of a number; it is kept as long as the table, in the same place.
    pub fn text(&self, id: TextId) -> Arc<CStr> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&table.texts[usize::from(id.0.get()) - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    #[test]
    fn a_text_has_one_number_and_one_place() {
        let texts = Texts::default();
        let (a, b) = (
            texts.intern(c"a", 9).unwrap(),
            texts.intern(c"b", 9).unwrap(),
        );
        assert_ne!(a, b);
        let place = texts.text(a).as_ptr();
        let copy = CString::from(c"a");
        assert_eq!(texts.intern(&copy, 9), Some(a));
        assert_eq!(texts.text(a).as_ptr(), place);
        assert_eq!(texts.text(b).as_ref(), c"b");
    }

    #[test]
    fn there_are_no_more_than_wanted() {
        let texts = Texts::default();
        let text = |number: u32| CString::new(number.to_string()).unwrap();
        for number in 0..u32::from(u16::MAX) {
            assert!(texts.intern(&text(number), u16::MAX).is_some());
        }
        assert_eq!(texts.intern(c"one more", u16::MAX), None);
        assert!(texts.intern(&text(0), 1).is_some());
    }
}
