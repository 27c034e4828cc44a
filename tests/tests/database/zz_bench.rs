use crate::{tenant, world};
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bench() {
    let world = world().await;
    let acme = tenant("acme");
    for _ in 0..3 {
        let begun = std::time::Instant::now();
        for _ in 0..3000 {
            let mut tx = world.db.tenant(&acme).await.unwrap();
            tx.query("select 1 from secret where tenant_id = $1", &[&"acme"]).await.unwrap();
            tx.commit().await.unwrap();
        }
        println!("sequential {:?}/tx", begun.elapsed() / 3000);
        let begun = std::time::Instant::now();
        let tasks: Vec<_> = (0..8).map(|_| { let db = world.db.clone(); let acme = acme.clone(); tokio::spawn(async move {
            for _ in 0..1000 {
                let mut tx = db.tenant(&acme).await.unwrap();
                tx.query("select 1 from secret where tenant_id = $1", &[&"acme"]).await.unwrap();
                tx.commit().await.unwrap();
            }
        })}).collect();
        for t in tasks { t.await.unwrap(); }
        println!("8 at once {:?}/tx", begun.elapsed() / 8000);
    }
}
