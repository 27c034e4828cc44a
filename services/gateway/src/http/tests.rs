use std::convert::Infallible;

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusBuilder;

use super::*;

#[tokio::test]
async fn a_body_that_is_not_read_is_refused_and_counted_by_why() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _counted = metrics::set_default_local_recorder(&recorder);
    let endless = futures::stream::pending::<Result<Bytes, Infallible>>();
    let cases = [
        (Body::from(vec![b' '; BODY_BYTES_MAX + 1]), "too_large", 413),
        (Body::from_stream(endless), "too_slow", 408),
    ];
    for (body, outcome, status) in cases {
        let unread = read(&HeaderMap::new(), body).await.unwrap_err();
        assert_eq!(refuse(unread).status(), status, "{outcome}");
        let counted = recorder.handle().render();
        let line = format!("konstruct_gateway_calls_total{{outcome=\"{outcome}\"}} 1");
        assert!(counted.contains(&line), "{counted}");
    }
    assert!(read(&HeaderMap::new(), Body::from(vec![b' '; BODY_BYTES_MAX])).await.is_ok());
}
