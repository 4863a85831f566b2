using System.Globalization;
using System.Text;

namespace ModelRunner.StubRunner;

/// <summary>A page in llama-server's shape, its habit of six significant digits included.</summary>
internal static class MetricsPage
{
    public static byte[] Write(StubState state)
    {
        StubCounters counters = state.Counters;
        var page = new StringBuilder(2048);
        Append(page, "prompt_tokens_total", "counter", "Number of prompt tokens processed, excluding cached tokens", counters.PromptTokens);
        Append(page, "prompt_tokens_cached_total", "counter", "Number of prompt tokens reused from the cache", 0);
        Append(page, "prompt_seconds_total", "counter", "Total time spent processing prompts", counters.PromptTokens * 0.0001);
        Append(page, "tokens_predicted_total", "counter", "Number of generation tokens processed", counters.PredictedTokens);
        Append(page, "tokens_predicted_seconds_total", "counter", "Total time spent generating tokens", counters.PredictedTokens * 0.001);
        Append(page, "n_decode_total", "counter", "Total number of llama_decode() calls", counters.Decodes);
        Append(page, "n_tokens_max", "counter", "Largest observed sequence length (prompt + generation)", counters.LargestSequence);
        Append(page, "prompt_tokens_seconds", "gauge", "Average prompt throughput in tokens/s", 0);
        Append(page, "predicted_tokens_seconds", "gauge", "Average generation throughput in tokens/s", 0);
        Append(page, "requests_processing", "gauge", "Number of requests processing", state.InFlight);
        Append(page, "requests_deferred", "gauge", "Number of requests deferred", 0);
        Append(page, "n_busy_slots_per_decode", "gauge", "Average number of busy slots per llama_decode() call", counters.Decodes > 0 ? 1 : 0);
        return Encoding.UTF8.GetBytes(page.ToString());
    }

    /// <summary>A page of one family with that many series.</summary>
    public static byte[] WriteSeries(long count)
    {
        var page = new StringBuilder("# HELP stub:series A series for each number.\n# TYPE stub:series gauge\n");
        for (long i = 0; i < count; i++)
            page.Append(CultureInfo.InvariantCulture, $"stub:series{{number=\"{i}\"}} {i}\n");

        return Encoding.UTF8.GetBytes(page.ToString());
    }

    private static void Append(StringBuilder page, string name, string type, string help, double value) => page.Append(
        CultureInfo.InvariantCulture, $"# HELP llamacpp:{name} {help}\n# TYPE llamacpp:{name} {type}\nllamacpp:{name} {Format(value)}\n");

    private static string Format(double value)
    {
        string text = value.ToString("G6", CultureInfo.InvariantCulture);
        return text.Replace("E", "e", StringComparison.Ordinal);
    }
}
