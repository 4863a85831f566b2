using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace ModelRunner.ScrapeBenchmark.Pages;

/// <summary>Checks a page of the daemon.</summary>
internal static class MergedPage
{
    private static ReadOnlySpan<byte> ModelLabel => "model=\"ai/sample-"u8;

    /// <summary>The model of a runner.</summary>
    public static string ModelOf(int runner) => string.Create(CultureInfo.InvariantCulture, $"ai/sample-{runner:D4}:7B-Q4_K_M");

    /// <summary>Returns what is wrong with a page; null: every runner is up, and every sample of every runner is present.</summary>
    public static string? FindFault(ReadOnlySpan<byte> page, Workload workload)
    {
        int[] samples = new int[workload.Runners];
        int ups = 0;
        foreach (Range range in page.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = page[range];
            if (line.StartsWith("model_runner_"u8))
                ups += line.StartsWith("model_runner_up{"u8) && line.EndsWith("} 1"u8) ? 1 : 0;
            else if (line is not ([] or [(byte)'#', ..]))
            {
                if (RunnerOf(line) is not { } runner || runner >= samples.Length)
                    return $"\"{Encoding.UTF8.GetString(line)}\" is of no runner";
                samples[runner]++;
            }
        }

        if (ups != workload.Runners)
            return $"{ups} of {workload.Runners} runners are up";
        int wrong = Array.FindIndex(samples, count => count != workload.Page.Samples);
        return wrong < 0 ? null : $"{ModelOf(wrong)} has {samples[wrong]} samples there, and {workload.Page.Samples} on its own page";
    }

    private static int? RunnerOf(ReadOnlySpan<byte> line)
    {
        int label = line.IndexOf(ModelLabel);
        return label >= 0 && Utf8Parser.TryParse(line[(label + ModelLabel.Length)..], out int runner, out _) && runner >= 0 ? runner : null;
    }
}
