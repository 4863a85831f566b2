using System.Buffers;
using System.Text;
using ModelRunner.Exposition.Reading.Kernels;

namespace ModelRunner.Exposition.Tests.Reading;

/// <summary>
/// The fast parser and the whole grammar must agree: a line that the fast one takes is written as the other would write it.
/// </summary>
public sealed class FastPathTests
{
    public static TheoryData<string> Bodies =>
    [
        "x{a=\"1\",b=\"2\"} 1\nx{a=\"1\",b=\"3\"} 2\nx{a=\"1\"} 3\nx{b=\"1\",a=\"2\"} 4\nx 5\nx_y 6\nx{a=\"1\",b=\"2\",c=\"3\"} 7\n",
        "x{a=\"1\",a=\"2\"} 1\nx{a=\"1\",b=\"2\"} 1\nx{a=\"1\",b=\"2\",a=\"3\"} 1\nx{b=\"2\",b=\"3\"} 1\n",
        "x{a=\"\\\\\"} 1\nx{a=\"\\\"\"} 2\nx{a=\"\\\\\\\"\"} 3\nx{a=\"\\t\"} 4\nx{a=\"\\\"} 5\nx{a=\"b\\\\\",c=\"\\\"d\"} 6\n",
        "x{a=\"1\"} 1 17\nx{a=\"2\"} 1 17.5\nx{a=\"3\"} 1 x\nx{a=\"4\"} 1  17\nx{a=\"5\"} 1 \nx{a=\"6\"}  1\nx{a=\"7\"}1\n",
        "x 1e5\nx{a=\"1\"} 1e99\nx{a=\"2\"} 1e999\nx{a=\"3\"} 1e-999\nx{a=\"4\"} 1e\nx{a=\"5\"} +1\nx{a=\"6\"} -.5\nx{a=\"7\"} ."
            + "\nx{a=\"8\"} NaNa\nx{a=\"9\"} +inf\n",
        "x{model=\"m\",a=\"1\"} 1\nx{a=\"1\",model=\"m\"} 2\nx{a=\"1\",exported_model=\"m\"} 3\nx{a=\"\"} 4\nx{a=\"2\",b=\"\"} 5\n",
        "x{a=\"1\",b=\"2\"} 1\nx{a=\"1\",b=\"} 2\nx{a=\"1\",b=\"2\"} 3\nx{a=\"1\",b=\"2\"\n"
            + "x{a=\"1\",b=\"22\"} 4\nx{b=\"2\",a=\"1\"} 5\nx{a=\"\\t\"} 6\nx{a=\"\\t\"} 7\n",
        "x{a=\"é\"} 1\nx{a=\"é\",b=\"2\"} 2\nx{a=\"é\"} 3\nx{le=\"5\",a=\"é\"} 4\nx{le=\"5\",a=\"e\"} 5\n"
            + "x{le=\"5.0\",a=\"e\"} 6\nx_y{le=\"5\",a=\"e\"} 7\n",
        "x{a=\"1\"} 1234567890123456\nx{a=\"2\"} 123456789012345.\nx{a=\"3\"} 1.2.3\nx{a=\"4\"} .\n"
            + "x{a=\"5\"} -\nx{a=\"6\"} 1:\nx{a=\"7\"} 0.12345678901234567 5\n",
        "x{le=\"1\"} 1\nx{le=\"0x1\"} 2\nx{quantile=\"0.5\"} 3\nx{__name__=\"y\"} 4\nx{a=\"1\",} 5\nx{,a=\"1\"} 6\nx{} 7\nx{a=\"1\"\n",
        "x{a=\"" + new string('y', 200) + "\",b=\"é\"} 1\nx{a="
            + "\"" + new string('z', 63) + "\"} 2\n" + new string('n', 130) + " 3\n" + new string('n', 130) + "{a=\"1\"} 4\n",
    ];

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Every_kernel_and_alignment_gives_the_page_that_the_whole_grammar_gives(string body)
    {
        // A blank before the brace is enough to keep a line from the fast parser.
        var slow = Merge(Encoding.UTF8.GetBytes(body.Replace("x{", "x {", StringComparison.Ordinal)), BlockKernel.Scalar);
        foreach (var kernel in BlockClassifier.Supported)
        {
            for (var alignment = 0; alignment < 64; alignment++)
                Assert.Equal(slow, Merge(Encoding.UTF8.GetBytes(new string('\n', alignment) + body), kernel));
        }
    }

    private static string Merge(byte[] body, BlockKernel kernel)
    {
        var merger = new ExpositionMerger(new ExpositionLimits { MaxLabels = 2 }, kernel);
        var summary = merger.Add(new TargetLabels([new("model", "m")]), body);
        var output = new ArrayBufferWriter<byte>();
        merger.WriteTo(output, ExpositionFormat.Text004, NameEscaping.Underscores);
        Assert.Equal(summary.SampleLines, summary.Samples + summary.DroppedSamples);
        var dropped = string.Join(',', ExpositionErrorReasons.All.Select(reason => summary.Dropped(reason)));
        return dropped + "\n" + Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
