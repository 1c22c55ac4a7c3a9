//! Inspector: its API over real sockets, beside a listener and over recordings.

mod acting;
mod guarded;
mod live;
mod over;
mod reading;
