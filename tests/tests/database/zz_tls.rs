use store::{Database, Settings};
use crate::world;
#[tokio::test]
async fn tls() {
    let world = world().await;
    let url = format!("{}?sslmode=require", world.test.app_url());
    let ca = |p: &str| Settings::new(url.clone()).ca_file(Some(p.into()));
    let db = Database::connect(&ca("/tmp/storepg/tls/ca.pem")).await.unwrap();
    let lead = store::fence::Leadership::acquire(&db, "x", "y").await.unwrap();
    let mut tx = db.tenant(&crate::tenant("acme")).await.unwrap();
    let row = tx.query_opt("select version, ssl from pg_stat_ssl where pid = pg_backend_pid()", &[]).await.unwrap().unwrap();
    println!("TLS {:?} {}", row.get::<_, Option<String>>(0), row.get::<_, bool>(1));
    drop(lead);
    println!("no ca: {}", Database::connect(&Settings::new(url.clone())).await.err().unwrap());
    println!("missing: {}", Database::connect(&ca("/nope")).await.err().unwrap());
    println!("not pem: {}", Database::connect(&ca("/etc/hostname")).await.err().unwrap());
    let bad = world.test.app_url().replace("55432", "1");
    let e = Database::connect(&Settings::new(bad)).await.err().unwrap();
    println!("refused: {e} {}", e.is_transient());
    let bad = world.test.app_url().replace("konstruct-test@", "wrong@");
    let e = Database::connect(&Settings::new(bad)).await.err().unwrap();
    println!("password: {e} {}", e.is_transient());
}
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bench() {
    let world = world().await;
    for tenants in [1_usize, 20, 100] {
        let begun = std::time::Instant::now();
        for round in 0..50 {
            let arrivals: Vec<_> = (0..100).map(|n| store::dedup::Arrival {
                tenant: crate::tenant(&format!("t{}", n % tenants)), event: crate::event(&format!("e{round}-{n}")), seq: 1,
                connection: crate::connection(), delivery: format!("{tenants}-{round}-{n}"), message: crate::message(&format!("m{tenants}-{round}-{n}")) }).collect();
            store::dedup::decide(&world.db, &arrivals, crate::at(0)).await.unwrap();
        }
        println!("dedup 100 of {tenants}: {:?} a batch", begun.elapsed() / 50);
        let begun = std::time::Instant::now();
        for round in 0..50 {
            let asks: Vec<_> = (0..100).map(|n| store::limits::Ask {
                tenant: crate::tenant(&format!("t{}", n % tenants)), event: crate::event(&format!("e{round}-{n}")), seq: 1,
                channel: schemas::ChannelKind::Slack, at: crate::at(round * 1000), per_minute: 30000, channel_per_minute: Some(3000), person: "p".to_owned(),
                message: crate::message(&format!("m{tenants}-{round}-{n}")) }).collect();
            store::limits::decide(&world.db, &asks, crate::at(0)).await.unwrap();
        }
        println!("limits 100 of {tenants}: {:?} a batch", begun.elapsed() / 50);
    }
}
