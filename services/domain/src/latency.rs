//! How long answers took, counted in buckets, so that days and tenants can be added up.

/// The upper ends of the buckets in milliseconds; the last bucket has none.
pub const BOUNDS_MS: [u64; 19] = [
    100, 200, 400, 700, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 7_000, 10_000, 15_000, 20_000,
    30_000, 45_000, 60_000, 90_000, 120_000,
];

/// How many buckets there are.
pub const BUCKETS: usize = BOUNDS_MS.len() + 1;

/// The bucket of an answer that took so long.
pub fn bucket(latency_ms: u64) -> usize {
    BOUNDS_MS.partition_point(|bound| *bound < latency_ms)
}

/// The time in milliseconds within which `per_cent` of the answers came, taken as evenly spread within
/// their bucket. Nothing where there are none; what is beyond the last bound counts as that.
pub fn quantile(buckets: &[u64], per_cent: u64) -> Option<u64> {
    let total: u64 = buckets.iter().sum();
    if total == 0 {
        return None;
    }
    let rank = (total.saturating_mul(per_cent)).div_ceil(100).max(1);
    let (mut before, mut low) = (0, 0);
    for (place, &count) in buckets.iter().enumerate() {
        let Some(&high) = BOUNDS_MS.get(place) else { break };
        if rank <= before + count {
            return Some(low + (high - low) * (rank - before) / count);
        }
        (before, low) = (before + count, high);
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(latencies: &[u64]) -> Vec<u64> {
        let mut buckets = vec![0; BUCKETS];
        for latency in latencies {
            buckets[bucket(*latency)] += 1;
        }
        buckets
    }

    #[test]
    fn a_latency_is_within_the_bounds_of_its_bucket() {
        let places = [0, 100, 101, 120_000, 120_001, u64::MAX].map(bucket);
        assert_eq!(places, [0, 0, 1, 18, 19, 19]);
    }

    #[test]
    fn a_quantile_is_in_the_bucket_of_its_answer() {
        assert_eq!(quantile(&buckets(&[]), 50), None);
        assert_eq!(quantile(&buckets(&[900]), 50), Some(1_000));
        let mut many = vec![650; 90];
        many.extend([4_500; 10]);
        let many = buckets(&many);
        assert_eq!((quantile(&many, 50), quantile(&many, 95)), (Some(566), Some(4_500)));
        assert_eq!(quantile(&buckets(&[600_000]), 95), Some(120_000));
    }
}
