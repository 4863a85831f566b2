using System.Buffers.Text;

namespace ModelRunner.Daemon.Runners;

/// <summary>The counters of tokens on the page of llama-server or llama-host.</summary>
/// <param name="Prompt">Tokens of prompts that were computed.</param>
/// <param name="Generated">Generated tokens.</param>
/// <param name="IsIdle">Whether no request was processed or waited when the page was written.</param>
internal readonly record struct CounterReading(CounterValue Prompt, CounterValue Generated, bool IsIdle)
{
    /// <summary>A page of llama.cpp has about 3 KB. A longer one is not searched further.</summary>
    private const int MaxBytes = 64 * 1024;

    /// <summary>The counters of a process that has just been started.</summary>
    public static CounterReading Zero => new(default, default, IsIdle: true);

    /// <summary>
    /// A value that is the same as long as the process lives, and most likely another one for another process; null: the page has none.
    /// </summary>
    public long? Process { get; init; }

    /// <summary>Finds the counters on a page.</summary>
    /// <returns>Null if the page is not of llama.cpp.</returns>
    public static CounterReading? Find(ReadOnlySpan<byte> page)
    {
        page = page[..Math.Min(page.Length, MaxBytes)];
        if (Find(page, "\nllamacpp:prompt_tokens_total "u8) is not { } prompt || Find(page, "\nllamacpp:tokens_predicted_total "u8) is not { } generated)
            return null;
        bool isIdle = Find(page, "\nllamacpp:requests_processing "u8) is { Count: 0 } && Find(page, "\nllamacpp:requests_deferred "u8) is null or { Count: 0 };
        return new CounterReading(prompt, generated, isIdle);
    }

    private static CounterValue? Find(ReadOnlySpan<byte> page, ReadOnlySpan<byte> name)
    {
        int at = page.IndexOf(name);
        if (at < 0)
            return null;
        ReadOnlySpan<byte> text = page[(at + name.Length)..];
        int end = text.IndexOf((byte)'\n');
        if (end < 0 || !Utf8Parser.TryParse(text[..end], out double value, out int read) || read != end || !(value >= 0 && value < long.MaxValue))
            return null;

        // llama-server prints six digits: from a million on the rest is lost.
        bool isRounded = text[..end].IndexOfAny((byte)'e', (byte)'E') >= 0;
        return new CounterValue((long)value, isRounded ? (long)Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(value)) - 5)) : 1);
    }
}
