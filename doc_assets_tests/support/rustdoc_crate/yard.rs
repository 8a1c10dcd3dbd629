//! The yard {of all}.
//!
//! # Sizes {in m}
//!
//! From 0 to 2<sup>64</sup> - 1, and x<sub>i</sub>, as in HTTP/1.1[^h] of the scheduler[^2]. Write {{ and {% raw %}.
//!
//! | a | b |
//! |---|---|
//! | 1 | 2<sup>8</sup> |
//!
//! [^h]: The protocol.
//! [^2]: Second words.
#![allow(deprecated)]

mod imp {
    /// A door of the house.
    pub struct Door;
    impl Door {
        /// Opens the door.
        pub fn open(&self) {}
    }
    /// Knocks.
    pub fn knock() {}
    /// A state.
    pub enum State { /** On. */ On, /** Off. */ Off }
}
/// Public module.
pub mod open {
    /// An open item.
    pub struct Open<T> where T: Clone { /// How wide.
        pub wide: T, secret: u8 }
    impl<T> Open<T> where T: Clone {
        /// Length of the name of 2<sup>8</sup> doors.
        pub const LEN: usize = 2 * 3;
        pub fn swing<'a>(&'a self, other: &(dyn std::fmt::Debug + Send)) -> Option<&'a T> where T: Copy { None }
    }
}
pub use imp::*;
/// Words on a portal.
pub use imp::Door as Portal;
/// Old name.
pub use imp::knock as rap;
/// Words on open.
pub use open::Open as Opening;
/// Prelude.
pub mod prelude {
    pub use crate::Door;
    pub use crate::imp::Door as Gate;
    pub use crate::imp::knock;
    pub use crate::imp::State::On as Lit;
    #[doc(no_inline)] pub use crate::imp::State;
}
/// Old struct.
#[deprecated(since = "2.0.0", note = "use [`Door`]")]
pub struct Old { pub a: u8, /// Field b.
    pub b: u8, #[deprecated(since = "1.5.0", note = "never used")] pub c: u8 }
impl Old {
    pub const ZERO: u8 = 0;
    #[deprecated(since = "1.0.0", note = "use b")] pub const ONE: u8 = 1;
    #[deprecated] pub fn plain(&self) {}
    #[deprecated(note = "only a *note*")] pub fn noted(&self) {}
    pub fn fine(&self) {}
}
/// Kinds.
pub enum Kind {
    #[deprecated(since = "2.0.0", note = "use B")] A,
    B,
    /// A struct-like one.
    C { /// Inner x.
        x: u8, #[deprecated(since = "2.0.0", note = "use x")] y: u8, z: u8 },
    #[deprecated(since = "2.0.0", note = "use C")] D { x: u8 },
}
#[deprecated(since = "2.0.0", note = "use `LIMIT`")] pub const MIN: u8 = 0;
/// Said bang.
#[deprecated(since = "2.0.0", note = "use knock")] pub fn bang() {}
/// A trait.
pub trait Tr: Clone {
    #[deprecated(since = "2.0.0", note = "use N")] const M: u8;
    const N: u8 = 1;
    type P: Clone;
    /// Said q.
    fn q(&self) where Self: Copy;
    #[deprecated(since = "2.0.0", note = "use q")] fn r(&self) {}
}
impl Clone for Old { fn clone(&self) -> Self { Old { a: 0, b: 0, c: 0 } } }
