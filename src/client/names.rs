//! The names of the topics that reports are about: each kept once, and known by a number.

use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::{Arc, PoisonError, RwLock};

/// Stands for a topic's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicId(u32);

/// All names so far. They are never forgotten, as librdkafka never forgets a topic either.
#[derive(Default)]
pub struct Names(RwLock<Table>);

#[derive(Default)]
struct Table {
    ids: HashMap<Arc<CStr>, TopicId>,
    names: Vec<Arc<CStr>>,
}

impl Names {
    /// The number of a name.
    pub fn intern(&self, name: &CStr) -> TopicId {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = known.ids.get(name) {
            return *id;
        }
        drop(known);
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let name: Arc<CStr> = name.into();
        let next = TopicId(table.names.len() as u32);
        let id = *table.ids.entry(Arc::clone(&name)).or_insert(next);
        if id == next {
            table.names.push(name);
        }
        id
    }

    /// The name of a number; it is kept as long as the table, in the same place.
    pub fn name(&self, id: TopicId) -> Arc<CStr> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&table.names[id.0 as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number_and_one_place() {
        let names = Names::default();
        let (a, b) = (names.intern(c"a"), names.intern(c"b"));
        assert_ne!(a, b);
        let place = names.name(a).as_ptr();
        let copy = std::ffi::CString::from(c"a");
        assert_eq!(names.intern(&copy), a);
        assert_eq!(names.name(a).as_ptr(), place);
        assert_eq!(names.name(b).as_ref(), c"b");
    }
}
