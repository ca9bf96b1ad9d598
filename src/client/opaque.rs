//! The number a message carries from `send` to its report.

use super::error::Error;

/// As large as a pointer, since it travels through librdkafka as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opaque(usize);

impl Opaque {
    /// A message sent without a number. Zero is a number.
    pub const NONE: Self = Self(usize::MAX);

    /// A message whose delivery is counted and not reported.
    pub const NO_REPORT: Self = Self(usize::MAX - 1);

    /// As librdkafka carries it.
    #[inline]
    pub const fn to_native(self) -> usize {
        self.0
    }

    /// As librdkafka brings it back.
    #[inline]
    pub const fn from_native(native: usize) -> Self {
        Self(native)
    }

    /// As the interface knows it, on every platform the last two of `u64` for those above.
    #[inline]
    pub const fn to_u64(self) -> u64 {
        if self.0 >= Self::NO_REPORT.0 {
            u64::MAX - (usize::MAX - self.0) as u64
        } else {
            self.0 as u64
        }
    }
}

impl TryFrom<u64> for Opaque {
    type Error = Error;

    #[inline]
    fn try_from(opaque: u64) -> Result<Self, Error> {
        if opaque >= Self::NO_REPORT.to_u64() {
            return Ok(Self(usize::MAX - (u64::MAX - opaque) as usize));
        }
        let native = usize::try_from(opaque);
        native.map(Self).map_err(|_| {
            Error::invalid(format!(
                "opaque does not fit a pointer of this platform: {opaque}"
            ))
        })
    }
}
