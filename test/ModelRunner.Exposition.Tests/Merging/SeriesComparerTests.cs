using System.Text;
using ModelRunner.Exposition.Merging;

namespace ModelRunner.Exposition.Tests.Merging;

/// <summary>Two series are one where their labels are the same, the target's included. Equal hashes alone say nothing, and need a collision.</summary>
public sealed class SeriesComparerTests
{
    [Theory]
    [InlineData("", "", "", "", true)]
    [InlineData("{a=\"1\",b=\"2\"}", "", "{b=\"2\",a=\"1\"}", "", true)]
    [InlineData("{a=\"1\"}", "2", "{a=\"1\",t=\"2\"}", "", true)]
    [InlineData("{a=\"1\"}", "", "{a=\"1\",b=\"2\"}", "", false)]
    [InlineData("{a=\"1\",b=\"2\"}", "", "{a=\"1\"}", "", false)]
    [InlineData("", "1", "", "", false)]
    [InlineData("", "1", "", "2", false)]
    [InlineData("{a=\"1\"}", "", "{a=\"2\"}", "", false)]
    [InlineData("{a=\"1\"}", "", "{b=\"1\"}", "", false)]
    [InlineData("{a=\"\\\",b=\\\"\"}", "", "{a=\"\\\"\",b=\"\"}", "", false)]
    public void Labels_are_compared_as_a_set(string left, string leftTarget, string right, string rightTarget, bool expected)
    {
        var (one, first) = Sample(left, leftTarget);
        var (other, second) = Sample(right, rightTarget);

        Assert.Equal(expected, SeriesComparer.AreEqual(one, first, other, second));
        Assert.Equal(expected, SeriesComparer.AreEqual(other, second, one, first));
    }

    private static (SourceState Source, SampleRecord Sample) Sample(string labels, string target)
    {
        var line = Encoding.UTF8.GetBytes($"x{labels} 1");
        var source = new SourceState();
        source.Begin(new TargetLabels([new("t", target)]), line, isOwn: false);
        return (source, new SampleRecord { Start = 0, End = line.Length, NameLength = 1 });
    }
}
