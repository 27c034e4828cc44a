//! Streams cut in every way, and bytes that are none.

use proptest::prelude::*;

use super::*;

/// What a stream may be made of: good frames, bad ones, and bits of them.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let frames = [
        sse(&[openai_says("Hello ä")]),
        sse(&[openai_ends("stop")]),
        sse(&anthropic_stream("Hello €", "end_turn")),
        lines(&[json!({ "message": { "content": "hi" }, "done": false })]),
        lines(&[json!({ "message": { "content": "" }, "done": true })]),
        sse(&[json!({ "error": { "type": "overloaded_error" } })]),
        "data: [DONE]\n\n".to_owned(),
        ": comment\r\n\r\n".to_owned(),
    ];
    let frame = proptest::sample::select(frames.to_vec()).prop_map(String::into_bytes);
    let noise = proptest::collection::vec(any::<u8>(), 0..20);
    let part = prop_oneof![8 => frame, 1 => noise];
    proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

/// Cuts `bytes` at those places.
fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
}

proptest! {
    #[test]
    fn any_split_gives_the_same_outcome(
        stream in stream(),
        cuts in proptest::collection::vec(any::<usize>(), 0..20),
    ) {
        for vendor in Vendor::ALL {
            prop_assert_eq!(read(vendor, &cut(&stream, &cuts)), read(vendor, &[&stream]));
        }
    }

    #[test]
    fn any_bytes_give_an_outcome(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for vendor in Vendor::ALL {
            if let Ok(answer) = read(vendor, &[&bytes]) {
                prop_assert!(!answer.text.trim().is_empty());
            }
        }
    }

    #[test]
    fn a_cut_stream_is_never_an_answer(at in 0_usize..10_000) {
        let anthropic = sse(&anthropic_stream("Hello €", "end_turn"));
        let openai = sse(&[openai_says("Hello ä"), openai_ends("stop")]);
        let ollama = lines(&[
            json!({ "message": { "content": "hi" }, "done": false }),
            json!({ "message": { "content": "" }, "done": true }),
        ]);
        let streams = [openai, anthropic, ollama];
        for (vendor, stream) in Vendor::ALL.into_iter().zip(streams) {
            let marker = stream.trim_end().len();
            let cut = &stream.as_bytes()[..at % marker];
            prop_assert_eq!(read(vendor, &[cut]).unwrap_err().class, FailureClass::Transient);
        }
    }
}
