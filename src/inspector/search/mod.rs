//! Search in the table: filters, their query language, and the scan that applies them.

pub mod filter;
pub mod query;
pub mod scan;
