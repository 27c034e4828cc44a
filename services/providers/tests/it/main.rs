//! The router over real HTTP, against a fake vendor. `contract` runs for every vendor.

#[cfg(test)]
mod connection;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod leaving;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod streaming;
#[cfg(test)]
mod world;
