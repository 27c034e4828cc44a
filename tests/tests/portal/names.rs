//! People read names. Slugs stand in addresses.

use crate::{catalogue::Who, furnished::House};

#[tokio::test]
async fn agents_and_tenants_are_called_by_their_names() -> anyhow::Result<()> {
    let mut house = House::built().await?;
    let people = house.hired().await?;
    house.furnish(&people).await?;
    let ada = people.of(Who::Administrator)?;
    let trace = house.address("{message}");
    let agent = "href=\"/t/acme/agents/mara\">Mara</a>";
    let cases = [
        ("/t/acme/channels", agent),
        ("/t/acme/channels/slack-T0ACME", agent),
        (&*trace, agent),
        (&*trace, "href=\"/t/acme/agents/mara/versions/"),
        ("/t/acme/usage?view=table&by=agent", agent),
        ("/t/acme/usage?view=table&by=version", "Mara, version"),
        ("/t/acme/usage?view=table&by=version", "href=\"/t/acme/agents/mara/versions/2\""),
        ("/usage?view=table&by=tenant", "href=\"/t/acme/usage\">Acme Ltd</a>"),
        // Where one is: in the navigation, and in the head of the page.
        ("/t/acme/agents", "class=\"nav-title\">Acme Ltd</p>"),
        ("/t/acme/agents", "<span>Acme Ltd</span>"),
        ("/t/acme/agents", ">not published<"),
    ];
    for (page, want) in cases {
        let text = ada.read(page).await?;
        assert!(text.contains(want), "{page} has no {want}: {text}");
    }
    let models = ada.read("/usage?view=table&by=model").await?;
    assert!(models.contains("gpt-5.4-mini") && !models.contains("Nobody"), "{models}");
    Ok(())
}
