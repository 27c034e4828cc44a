//! Every kind of problem, for the reference page and for whoever meets one.

/// A kind of problem, as the reference page lists it: its status, its name, what it says, what to do.
pub(crate) const KINDS: [(u16, &str, &str, &str); 13] = [
    (
        400,
        "bad-request",
        "The request cannot be read",
        "Correct it; the detail says what is wrong.",
    ),
    (
        401,
        "key",
        "There is no key that opens anything",
        "Send `Authorization: Bearer` and a key that was not revoked.",
    ),
    (403, "forbidden", "The key's role does not allow this", "Use a key with another role."),
    (
        404,
        "not-found",
        "There is no such thing here",
        "Check the path. What a key may not see looks the same.",
    ),
    (405, "method", "The path knows no such method", "Look the path up below."),
    (
        409,
        "conflict",
        "Something stands in the way",
        "Nothing was changed; the detail says what to do first.",
    ),
    (
        412,
        "changed",
        "Somebody else changed it meanwhile",
        "Read it again, decide, and send its new ETag.",
    ),
    (413, "too-long", "The body is too long", "Send at most 1 MiB."),
    (415, "not-json", "The body is no JSON", "Send `Content-Type: application/json`."),
    (422, "invalid", "What was sent cannot be had", "Correct the fields that `errors` names."),
    (428, "unconditional", "`If-Match` is missing", "Send the ETag of what you looked at."),
    (
        429,
        "too-many",
        "Too many requests of the key, or too many changes of the tenant",
        "Wait as many seconds as `Retry-After` says.",
    ),
    (
        503,
        "unavailable",
        "Something that is needed does not answer",
        "Try again in a moment, with the same `Idempotency-Key`.",
    ),
];
