using System.Globalization;
using System.Text;

namespace ModelRunner.Benchmarks.Exposition;

/// <summary>Deterministic pages in the shape of real ones: a llama-server, a vLLM server, and one that is far too large.</summary>
internal static class SyntheticPages
{
    private const string VllmLabels = "engine=\"0\",model_name=\"acme/Sample-8B-Instruct\"";

    private static readonly string[] Bounds =
    [
        "0.001", "0.005", "0.01", "0.02", "0.04", "0.08", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "7.5", "10.0", "20.0", "40.0", "80.0",
        "160.0", "2560.0",
    ];

    private static readonly string[] Zones = ["north-1a", "north-1b", "south-2a", "south-2b", "west-3c"];

    private static readonly string[] OddPaths = ["a \\\"quoted\\\" path", "C:\\\\data\\\\x", "two\\nlines", "café €{5} # 1"];

    /// <summary>12 families with one sample each and no labels.</summary>
    public static byte[] Llama()
    {
        var random = new Random(1);
        var page = new StringBuilder();
        string[] names =
        [
            "prompt_tokens_total", "prompt_seconds_total", "tokens_predicted_total", "tokens_predicted_seconds_total", "n_decode_total",
            "n_tokens_max", "n_busy_slots_per_decode", "prompt_tokens_seconds", "predicted_tokens_seconds", "requests_processing",
            "requests_deferred", "kv_cache_usage_ratio",
        ];
        for (var i = 0; i < names.Length; i++)
        {
            var name = "llamacpp:" + names[i];
            Head(page, name, i < 7 ? "counter" : "gauge", "What the server counts, told in about as many words as a real page has.");
            Append(page, $"{name} {(i % 2 == 0 ? random.Next(10_000_000) : random.NextDouble() * 5000)}\n");
        }

        return Bytes(page);
    }

    /// <summary>About 60 families, a third of them histograms with 20 buckets.</summary>
    public static byte[] Vllm()
    {
        var random = new Random(2);
        var page = new StringBuilder();
        for (var i = 0; i < 12; i++)
        {
            Head(page, $"vllm:present_state_{i}", "gauge", $"Present state of the engine as to state {i}, read when the page is made.");
            Append(page, $"vllm:present_state_{i}{{{VllmLabels}}} {random.NextDouble() * 100:F4}\n");
        }

        for (var i = 0; i < 24; i++)
        {
            Head(page, $"vllm:running_count_{i}_total", "counter", $"Running count of the engine as to count {i}, from its start on.");
            Append(page, $"vllm:running_count_{i}_total{{{VllmLabels}}} {random.Next(100_000_000)}.0\n");
        }

        for (var i = 0; i < 22; i++)
            Histogram(page, $"vllm:request_time_of_kind_{i:D2}_seconds", random);
        return Bytes(page);
    }

    /// <summary>200 families; some values have a timestamp or an exponent, some labels have escapes.</summary>
    public static byte[] Huge(int samples)
    {
        var random = new Random(3);
        var page = new StringBuilder();
        const int Families = 200;
        var done = 0;
        for (var family = 0; family < Families; family++)
        {
            var name = $"synthetic_family_{family:D3}_" + (family % 2 == 1 ? "events_total" : "level_bytes");
            Head(page, name, family % 2 == 1 ? "counter" : "gauge", "One family of a page that is made for load tests.");
            for (; done < (long)samples * (family + 1) / Families; done++)
            {
                Append(page, $"{name}{{instance=\"node-{done % 2500:D4}\",zone=\"{Zones[done % 5]}\",");
                if (done % 100 == 7)
                    Append(page, $"path=\"{OddPaths[done / 100 % 4]}\",");
                Append(page, $"id=\"{(uint)done * 2654435761u:x8}\"}} {Value(random)}\n");
            }
        }

        return Bytes(page);
    }

    private static string Value(Random random) => random.Next(100) switch
    {
        < 45 => random.Next(1_000_000).ToString(CultureInfo.InvariantCulture),
        < 90 => (random.NextDouble() * 1000).ToString("F6", CultureInfo.InvariantCulture),
        < 95 => (random.NextDouble() * 1e12).ToString("e12", CultureInfo.InvariantCulture),
        < 96 => "NaN",
        < 97 => "+Inf",
        _ => string.Create(CultureInfo.InvariantCulture, $"{random.Next(1000)} 17{random.Next(1_000_000_000):D11}"),
    };

    private static void Histogram(StringBuilder page, string name, Random random)
    {
        Head(page, name, "histogram", "Spread of a time over the requests that have ended.");
        var count = 0;
        foreach (var bound in Bounds)
        {
            count += random.Next(5000);
            Append(page, $"{name}_bucket{{engine=\"0\",le=\"{bound}\",model_name=\"acme/Sample-8B-Instruct\"}} {count}.0\n");
        }

        Append(page, $"{name}_bucket{{engine=\"0\",le=\"+Inf\",model_name=\"acme/Sample-8B-Instruct\"}} {count}.0\n");
        Append(page, $"{name}_count{{{VllmLabels}}} {count}.0\n{name}_sum{{{VllmLabels}}} {random.NextDouble() * 1e5:R}\n");
    }

    private static void Head(StringBuilder page, string name, string type, string help) =>
        Append(page, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static void Append(StringBuilder page, FormattableString text) => page.Append(text.ToString(CultureInfo.InvariantCulture));

    private static byte[] Bytes(StringBuilder page) => Encoding.UTF8.GetBytes(page.ToString());
}
