//! Shape of a provider's deliveries: which places their ids and times have, which members its examples have, and in
//! which types. `diff` leaves out the former; `diff --example` and `drift` compare with the latter.

pub mod deviation;
pub mod expected;
pub mod provider_shape;

mod custom;
mod event_places;
mod value_type;
