using System.Text;

namespace ModelRunner.Fuzz.Running;

/// <summary>Changes inputs at random, with a liking for what means something in an exposition or in a response. The same seed makes the same inputs.</summary>
internal sealed class Mutator(int seed)
{
    private const int MaxBytes = 8_192;

    private static readonly byte[][] Words = [.. new[]
    {
        "\n", "\r\n", " ", "\t", "{", "}", "\"", "\\", "\\n", "\\\"", ",", "=", "#", "# EOF\n", "# TYPE a counter\n", "# TYPE a histogram\n", "# TYPE a summary\n",
        "# HELP a b\n", "a_bucket{le=\"1\"} 1\n", "a_count 1\n", "a_sum 1\n", "a_created 1\n", "a_total 1\n", "{\"a\"} 1\n", "a 1\n", " # {} 1", "NaN", "-nan", "+Inf", "1e400", "1e-400",
        "le", "quantile", "model", "exported_", "__name__", "model_runner_", "\u001E", "\uFEFF", "é", "0", "-1", ".5", "1_0", "0x1", " 1700000000000", "_bucket", "_total", ";q=2",
        "\0", "# TYPE a stateset\n", "a{a=\"on\",le=\"1\",quantile=\"w\"} 1\n", "_total_total", "{\"a.b\",\"c.d\"=\"e\"} 1\n", "a_total 1 # {t=\"x\"} 1\n", " # {t=\"}\"} 1",
        "data: ", "data: [DONE]\n\n", "\n\n", "[", "]", ":", "null", "\"usage\":{\"prompt_tokens\":1}", "\"choices\":[{\"index\":1,\"text\":\"a\"}]", "\"timings\"", "\\u0041",
    }.Select(Encoding.UTF8.GetBytes)];

    // Not for secrets: the sequence must be the same again for the same seed.
#pragma warning disable CA5394
    private readonly Random _random = new(seed);

    /// <summary>A new input, made of one or two seeds.</summary>
    public byte[] Next(IReadOnlyList<byte[]> seeds)
    {
        var input = seeds[_random.Next(seeds.Count)].ToList();
        if (_random.Next(4) == 0)
        {
            input.Add(_random.Next(2) == 0 ? (byte)0x1E : (byte)'\n');
            input.AddRange(seeds[_random.Next(seeds.Count)]);
        }

        for (var changes = _random.Next(1, 9); changes > 0; changes--)
            Change(input);
        return [.. input.Take(MaxBytes)];
    }

    private void Change(List<byte> input)
    {
        var at = _random.Next(input.Count + 1);
        switch (_random.Next(6))
        {
            case 0:
                input.InsertRange(at, Words[_random.Next(Words.Length)]);
                break;
            case 1 when at < input.Count:
                input[at] = (byte)_random.Next(256);
                break;
            case 2 when at < input.Count:
                input[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 3:
                input.RemoveRange(at, Math.Min(input.Count - at, _random.Next(1, 20)));
                break;
            case 4:
                input.InsertRange(at, [.. input.Skip(_random.Next(input.Count + 1)).Take(_random.Next(1, 40))]);
                break;
            default:
                MoveLine(input, at);
                break;
        }
    }

    private void MoveLine(List<byte> input, int at)
    {
        var (start, end) = (at, at);
        while (start > 0 && input[start - 1] != '\n')
            start--;
        while (end < input.Count && input[end++] != '\n')
            continue;
        if (end <= start)
            return;
        var line = input.GetRange(start, end - start);
        if (_random.Next(2) == 0)
            input.RemoveRange(start, line.Count);
        input.InsertRange(_random.Next(input.Count + 1), line);
    }
#pragma warning restore CA5394
}
