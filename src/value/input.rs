//! Reading what a caller handed over as structured data: whatever cannot be used is refused with
//! its place, as in `topics[2].partitions: an integer is needed, not a text`.

use std::collections::HashSet;
use std::ffi::CString;

use super::Value;

/// What is wrong, and where.
pub type Invalid = String;

/// A value, and its place in what was handed over. Items of lists are counted from 1.
#[derive(Clone)]
pub struct Input<'a> {
    value: &'a Value,
    place: String,
}

static NULL: Value = Value::Null;
static NO_FIELDS: Value = Value::Map(Vec::new());

impl<'a> Input<'a> {
    /// The whole of an argument; `None` is the same as null.
    pub fn new(name: &str, value: Option<&'a Value>) -> Self {
        Self {
            value: value.unwrap_or(&NULL),
            place: name.to_owned(),
        }
    }

    /// The whole of an argument that is a map, and may as well not be there.
    pub fn new_map(name: &str, value: Option<&'a Value>) -> Self {
        let value = value.filter(|value| **value != Value::Null);
        Self::new(name, value.or(Some(&NO_FIELDS)))
    }

    /// That it cannot be used, and why.
    pub fn refuse(&self, why: impl std::fmt::Display) -> Invalid {
        format!("{}: {why}", self.place)
    }

    fn wrong_kind(&self, needed: &str) -> Invalid {
        self.refuse(format_args!(
            "{needed} is needed, not {}",
            self.value.kind_name()
        ))
    }

    /// Whether there is anything.
    pub fn is_null(&self) -> bool {
        *self.value == Value::Null
    }

    /// The items of a list. An empty map will do: a table of Lua's does not say which it is.
    pub fn list(&self) -> Result<Vec<Self>, Invalid> {
        let items = match self.value {
            Value::List(items) => items.as_slice(),
            Value::Map(entries) if entries.is_empty() => &[],
            _ => return Err(self.wrong_kind("a list")),
        };
        let item = |(index, value)| Self {
            value,
            place: format!("{}[{}]", self.place, index + 1),
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// The items of a list that has some.
    pub fn items(&self) -> Result<Vec<Self>, Invalid> {
        let items = self.list()?;
        match items.is_empty() {
            true => Err(self.refuse("one item at least is needed")),
            false => Ok(items),
        }
    }

    /// The entries of a map with names of the caller's choice. An empty list will do.
    pub fn entries(&self) -> Result<Vec<(CString, Self)>, Invalid> {
        let entries = match self.value {
            Value::Map(entries) => entries.as_slice(),
            Value::List(items) if items.is_empty() => &[],
            _ => return Err(self.wrong_kind("a map")),
        };
        let entry = |(name, value): &'a (CString, Value)| {
            let place = format!("{}.{}", self.place, name.to_string_lossy());
            (name.clone(), Self { value, place })
        };
        Ok(entries.iter().map(entry).collect())
    }

    /// The fields of a map that has no others than these.
    pub fn fields(&self, known: &[&str]) -> Result<Fields<'a>, Invalid> {
        let fields = self.entries()?;
        let is_unknown = |name: &CString| {
            !known
                .iter()
                .any(|known| known.as_bytes() == name.as_bytes())
        };
        if let Some((name, _)) = fields.iter().find(|(name, _)| is_unknown(name)) {
            let name = name.to_string_lossy();
            let known = known.join(", ");
            return Err(self.refuse(format_args!("unknown field '{name}', there is {known}")));
        }
        Ok(Fields {
            place: self.place.clone(),
            fields,
        })
    }

    /// Any bytes.
    pub fn bytes(&self) -> Result<&'a [u8], Invalid> {
        match self.value {
            Value::Text(text) => Ok(text.as_bytes()),
            _ => Err(self.wrong_kind("a text")),
        }
    }

    /// A text that C can read to its end.
    pub fn text(&self) -> Result<CString, Invalid> {
        CString::new(self.bytes()?).map_err(|_| self.refuse("a NUL byte is in the text"))
    }

    /// A text that is not empty.
    pub fn name(&self) -> Result<CString, Invalid> {
        let name = self.text()?;
        match name.is_empty() {
            true => Err(self.refuse("the text is empty")),
            false => Ok(name),
        }
    }

    /// A property's value: a text, an integer or a boolean.
    pub fn setting(&self) -> Result<CString, Invalid> {
        let text = match self.value {
            Value::Int(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Text(_) => return self.text(),
            _ => return Err(self.wrong_kind("a text, an integer or a boolean")),
        };
        Ok(CString::new(text).expect("digits or letters"))
    }

    /// An integer of this type.
    pub fn int<T: TryFrom<i64>>(&self) -> Result<T, Invalid> {
        let Value::Int(number) = *self.value else {
            return Err(self.wrong_kind("an integer"));
        };
        T::try_from(number).map_err(|_| self.refuse(format_args!("{number} is out of range")))
    }

    /// An integer that is no less than this.
    pub fn int_from<T: TryFrom<i64> + PartialOrd + std::fmt::Display>(
        &self,
        least: T,
    ) -> Result<T, Invalid> {
        let number = self.int()?;
        match number < least {
            true => Err(self.refuse(format_args!("{number} is out of range"))),
            false => Ok(number),
        }
    }

    /// True or false.
    pub fn bool(&self) -> Result<bool, Invalid> {
        match *self.value {
            Value::Bool(truth) => Ok(truth),
            _ => Err(self.wrong_kind("a boolean")),
        }
    }

    /// One of these words, in whatever case.
    pub fn choice<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Invalid> {
        let given = self.bytes()?;
        let found = words
            .iter()
            .find(|(word, _)| word.as_bytes().eq_ignore_ascii_case(given));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let given = String::from_utf8_lossy(given);
            self.refuse(format_args!("'{given}' is none of {}", words.join(", ")))
        })
    }
}

/// The fields of a map.
pub struct Fields<'a> {
    place: String,
    fields: Vec<(CString, Input<'a>)>,
}

impl<'a> Fields<'a> {
    /// A field; `None` if it is not there, or null.
    pub fn get(&self, name: &str) -> Option<&Input<'a>> {
        let found = self
            .fields
            .iter()
            .find(|(field, _)| field.as_bytes() == name.as_bytes());
        found
            .map(|(_, input)| input)
            .filter(|input| !input.is_null())
    }

    /// A field that must be there.
    pub fn need(&self, name: &str) -> Result<&Input<'a>, Invalid> {
        self.get(name)
            .ok_or_else(|| format!("{}.{name} is missing", self.place))
    }

    /// What `read` makes of a field, if it is there.
    pub fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Input<'a>) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Invalid> {
        self.get(name).map(read).transpose()
    }
}

/// Refuses what was there before: an answer could not say which of the two is meant.
#[derive(Default)]
pub struct Distinct(HashSet<CString>);

impl Distinct {
    /// Adds a name, that of `input`.
    pub fn add(&mut self, name: &CString, input: &Input) -> Result<(), Invalid> {
        match self.0.insert(name.clone()) {
            true => Ok(()),
            false => Err(input.refuse(format_args!("'{}' is there twice", name.to_string_lossy()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(
        value: impl Into<Value>,
        read: impl FnOnce(Input) -> Result<T, Invalid>,
    ) -> Result<T, Invalid> {
        read(Input::new("x", Some(&value.into())))
    }

    #[test]
    fn what_is_empty_may_be_a_list_or_a_map() {
        assert_eq!(read(Value::map(), |x| Ok(x.list()?.len())), Ok(0));
        assert_eq!(read(Vec::new(), |x| Ok(x.entries()?.len())), Ok(0));
        assert_eq!(
            read(Value::map(), |x| x.items().map(drop)),
            Err("x: one item at least is needed".into())
        );
        let full = Value::map().with("a", 1);
        assert_eq!(
            read(full, |x| x.list().map(drop)),
            Err("x: a list is needed, not a map".into())
        );
    }

    #[test]
    fn an_error_names_its_place() {
        let value = Value::from(vec![Value::map(), Value::map().with("n", "text")]);
        let number = read(value, |x| {
            x.list()?[1].fields(&["n"])?.need("n")?.int::<i32>()
        });
        assert_eq!(
            number,
            Err("x[2].n: an integer is needed, not a text".into())
        );
        let missing = read(Value::map(), |x| x.fields(&["n"])?.need("n").map(drop));
        assert_eq!(missing, Err("x.n is missing".into()));
        let unknown = read(Value::map().with("m", 1), |x| {
            x.fields(&["n", "o"]).map(drop)
        });
        assert_eq!(unknown, Err("x: unknown field 'm', there is n, o".into()));
    }

    #[test]
    fn a_null_is_nothing_as_a_field_and_refused_as_an_item() {
        let null = Value::map().with("n", Value::Null);
        assert!(read(null.clone(), |x| Ok(x.fields(&["n"])?.get("n").is_none())).unwrap());
        assert_eq!(
            read(null, |x| x.fields(&["n"])?.need("n").map(drop)),
            Err("x.n is missing".into())
        );
        assert_eq!(
            read(vec![Value::Null], |x| x.list()?[0].fields(&[]).map(drop)),
            Err("x[1]: a map is needed, not null".into())
        );
        for nothing in [None, Some(&Value::Null)] {
            assert!(Input::new("x", nothing).is_null());
            assert!(Input::new_map("x", nothing).fields(&[]).is_ok());
        }
    }

    #[test]
    fn numbers_have_their_range() {
        assert_eq!(
            read(1_i64 << 31, |x| x.int::<i32>()),
            Err("x: 2147483648 is out of range".into())
        );
        assert_eq!(
            read(-1, |x| x.int_from(0)),
            Err("x: -1 is out of range".into())
        );
        assert_eq!(read(0, |x| x.int_from(0)), Ok(0));
    }

    #[test]
    fn words_and_settings() {
        let words = [("one", 1), ("two", 2)];
        assert_eq!(read("TWO", |x| x.choice(&words)), Ok(2));
        assert_eq!(
            read("three", |x| x.choice(&words)),
            Err("x: 'three' is none of one, two".into())
        );
        assert_eq!(read(7, |x| x.setting()).unwrap().as_c_str(), c"7");
        assert_eq!(read(true, |x| x.setting()).unwrap().as_c_str(), c"true");
        assert!(read("a\0b", |x| x.setting()).is_err());
        assert!(read("", |x| x.name()).is_err());
    }
}
