//! Lock that a thread may take only once.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

thread_local! {
    /// True while this thread has locked a table.
    static HAS_LOCKED: Cell<bool> = const { Cell::new(false) };
}

/// Lock of the rows. A thread that took a second one would wait forever, if another thread wants to write in between:
/// that is seldom, so a debug build panics each time.
pub struct Locked<T>(T);

impl<T> Locked<T> {
    /// Takes the lock.
    pub fn by(lock: impl FnOnce() -> T) -> Locked<T> {
        let is_second = HAS_LOCKED.replace(true);
        debug_assert!(!is_second, "the table is locked twice by one thread");
        Locked(lock())
    }
}

impl<T> Drop for Locked<T> {
    fn drop(&mut self) {
        HAS_LOCKED.set(false);
    }
}

impl<T: Deref> Deref for Locked<T> {
    type Target = T::Target;

    fn deref(&self) -> &T::Target {
        &self.0
    }
}

impl<T: DerefMut> DerefMut for Locked<T> {
    fn deref_mut(&mut self) -> &mut T::Target {
        &mut self.0
    }
}
