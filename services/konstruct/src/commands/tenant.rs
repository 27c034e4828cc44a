//! `konstruct tenant …`.

mod archive;
pub(super) mod erase;
mod export;
mod import;

use crate::{
    cli::{ExportTenant, ExportVerb, ReceiptVerb, TenantVerb},
    commands::{erasure::receipt, list},
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
            ReceiptVerb::Show(args) => receipt::show(asked, &args, output).await,
            ReceiptVerb::Key => receipt::key(asked, output),
        },
        TenantVerb::Export(ExportTenant { verb: Some(ExportVerb::Verify { file }), .. }) => {
            archive::verify(&file, output)
        }
        TenantVerb::Export(args) => Box::pin(export::run(asked, &args, output)).await,
        TenantVerb::Import(args) => Box::pin(import::run(asked, &args, output)).await,
    }
}
