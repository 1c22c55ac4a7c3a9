//! Email messages: MIME as bytes, the neutral model of a mail, addresses, names of saved files. Pure.

pub mod attachment_name;
pub mod compose;
pub mod eml;
pub mod encoded_word;
pub mod inbound_mail;
pub mod mail_header;
pub mod mailbox;
pub mod message;
pub mod message_part;
pub mod transfer_encoding;
