//! Several requests on one connection, one after the other, without waiting in between.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

/// A request on its way, or about to be.
pub(crate) type Request<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends every request, in order, before it waits for the first answer.
///
/// The driver puts a request on the wire when its future is first polled, and the server answers
/// in the order of the wire. So each is polled once, then each is awaited.
pub(crate) async fn in_order<T: Send>(mut requests: Vec<Request<'_, T>>) -> Vec<T> {
    let early = poll_fn(|context| Poll::Ready(poll_each(&mut requests, context))).await;
    let mut answers = Vec::with_capacity(requests.len());
    for (request, early) in requests.into_iter().zip(early) {
        answers.push(match early {
            Some(answer) => answer,
            None => request.await,
        });
    }
    answers
}

fn poll_each<T>(requests: &mut [Request<'_, T>], context: &mut Context<'_>) -> Vec<Option<T>> {
    let poll = |request: &mut Request<'_, T>| match request.as_mut().poll(context) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    };
    requests.iter_mut().map(poll).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn all_are_sent_in_order_before_any_is_awaited() {
        let said = Mutex::new(Vec::new());
        let request = |n: u32| -> Request<'_, u32> {
            let said = &said;
            Box::pin(async move {
                said.lock().unwrap().push(format!("send {n}"));
                tokio::task::yield_now().await;
                said.lock().unwrap().push(format!("read {n}"));
                n
            })
        };
        assert_eq!(in_order(vec![request(1), request(2), request(3)]).await, [1, 2, 3]);
        let want = ["send 1", "send 2", "send 3", "read 1", "read 2", "read 3"];
        assert_eq!(*said.lock().unwrap(), want);
    }
}
