//! `konstruct tenant …`.

pub(super) mod erase;
pub(super) mod receipt;

use crate::{
    cli::{ReceiptVerb, TenantVerb},
    commands::list,
    output::Output,
    settings::Asked,
};

/// Does it.
pub(crate) async fn run(asked: &Asked<'_>, verb: TenantVerb, output: Output) -> anyhow::Result<()> {
    match verb {
        TenantVerb::List => list::tenants(asked, output).await,
        TenantVerb::Show { tenant } => list::tenant(asked, &tenant, output).await,
        TenantVerb::Erase(args) => erase::run(asked, &args, output).await,
        TenantVerb::Receipt(args) => match args.verb {
            ReceiptVerb::Verify { file } => receipt::run(asked, &file, output),
        },
    }
}
