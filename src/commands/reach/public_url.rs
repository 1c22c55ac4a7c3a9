//! URL under which providers reach the listener; a tunnel may change it while the listener runs.

use std::sync::{PoisonError, RwLock};

/// Public URL, without a path if it serves for all.
#[derive(Debug, Default)]
pub(crate) struct PublicUrl(RwLock<Option<String>>);

impl PublicUrl {
    pub(crate) fn new(url: Option<String>) -> Self {
        Self(RwLock::new(url))
    }

    pub(crate) fn get(&self) -> Option<String> {
        let url = self.0.read().unwrap_or_else(PoisonError::into_inner);
        url.clone()
    }

    pub(crate) fn set(&self, url: &str) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(url.to_owned());
    }
}
