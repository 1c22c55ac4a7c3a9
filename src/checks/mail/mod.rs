//! Inbound mail in checks (`check --kind inbound`): messages that handlers get every day and that tests seldom have.

pub mod cases;
pub mod payload;
pub mod prepared_mail;
