using System.Globalization;
using System.Text;

namespace ModelRunner.LlamaHost.Metrics;

/// <summary>
/// The page of <c>/metrics</c>, with llama-server's names, HELP texts, types and order, so that one dashboard serves both. Two differences:
/// integers are printed in full, while llama-server keeps six digits, and a scrape changes nothing.
/// </summary>
internal static class MetricsPage
{
    /// <summary>The format of the page.</summary>
    public const string ContentType = "text/plain; version=0.0.4";

    /// <summary>Writes the page.</summary>
    public static string Write(in CounterSnapshot counters, EngineLoad load)
    {
        var page = new StringBuilder(3072);
        Counter(page, "prompt_tokens_total", "Number of prompt tokens processed, excluding cached tokens", counters.PromptTokens);
        Counter(page, "prompt_tokens_cached_total", "Number of prompt tokens reused from the cache", counters.CachedTokens);
        Counter(page, "prompt_seconds_total", "Total time spent processing prompts", counters.PromptTime.TotalSeconds);
        Counter(page, "tokens_predicted_total", "Number of generation tokens processed", counters.PredictedTokens);
        Counter(page, "tokens_predicted_seconds_total", "Total time spent generating tokens", counters.PredictedTime.TotalSeconds);
        Counter(
            page,
            "n_decode_total",
            "Total number of llama_decode() calls, excluding speculative decoding and multimodal decoding",
            counters.Decodes);
        Counter(page, "n_tokens_max", "Largest observed sequence length (prompt + generation)", counters.LongestSequence);
        Counter(page, "spec_decode_num_draft_tokens_total", "Speculative: Total draft tokens generated", 0);
        Counter(page, "spec_decode_num_accepted_tokens_total", "Speculative: Total draft tokens accepted by the target model", 0);
        Counter(page, "spec_decode_num_drafts_total", "Speculative: Total speculative decoding verification steps", 0);
        Gauge(page, "prompt_tokens_seconds", "Average prompt throughput in tokens/s", counters.PromptRate);
        Gauge(page, "predicted_tokens_seconds", "Average generation throughput in tokens/s", counters.PredictedRate);
        Gauge(page, "requests_processing", "Number of requests processing", load.Processing);
        Gauge(page, "requests_deferred", "Number of requests deferred", load.Deferred);
        Gauge(page, "n_busy_slots_per_decode", "Average number of busy slots per llama_decode() call", BusySlotsPerDecode(counters));
        return page.ToString();
    }

    private static double BusySlotsPerDecode(in CounterSnapshot counters) =>
        counters.Decodes > 0 ? (double)counters.BusySlots / counters.Decodes : 0;

    private static void Counter(StringBuilder page, string name, string help, long value) =>
        Family(page, name, "counter", help, value.ToString(CultureInfo.InvariantCulture));

    private static void Counter(StringBuilder page, string name, string help, double value) =>
        Family(page, name, "counter", help, Decimal(value));

    private static void Gauge(StringBuilder page, string name, string help, double value) =>
        Family(page, name, "gauge", help, Decimal(value));

    // The clock is not more precise than microseconds.
    private static string Decimal(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    private static void Family(StringBuilder page, string name, string type, string help, string value) =>
        page.Append("# HELP llamacpp:").Append(name).Append(' ').Append(help).Append('\n')
            .Append("# TYPE llamacpp:").Append(name).Append(' ').Append(type).Append('\n')
            .Append("llamacpp:").Append(name).Append(' ').Append(value).Append('\n');
}
