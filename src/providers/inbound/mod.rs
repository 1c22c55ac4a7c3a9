//! Inbound mail of providers: the request that each makes of a message, and the mail that is read from a request. One
//! file a provider; the guide is in `definition.rs`.

pub mod brevo;
pub mod cloudmailin;
pub mod content_api;
pub mod definition;
pub mod form;
pub mod forwardemail;
pub mod incoming;
pub mod json;
pub mod mailersend;
pub mod mailgun;
pub mod mailjet;
pub mod mailtrap;
pub mod mandrill;
pub mod postal;
pub mod postmark;
pub mod resend;
pub mod sendgrid;
pub mod ses;
pub mod sparkpost;
