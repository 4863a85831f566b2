namespace ModelRunner.Exposition.Tests.Merging;

public sealed class ReservedPrefixTests
{
    [Fact]
    public void Only_the_chosen_prefix_is_reserved()
    {
        var page = new Page(new ExpositionLimits { ReservedPrefix = "_my" })
            .AddOwn("# TYPE _my_up gauge\n_my_up 1\n")
            .Add("a", "_my_up 0\n{\".my_up\"} 0\nmodel_runner_up 1\n");

        Assert.Equal("# TYPE _my_up gauge\n_my_up 1\n# TYPE model_runner_up untyped\nmodel_runner_up{model=\"a\"} 1\n", page.Write());
        Assert.Equal(2, page.Sources[^1].Dropped(ExpositionErrorReason.ReservedName));
        Assert.Throws<ArgumentException>(static () => new ExpositionLimits { ReservedPrefix = "my-program" });
    }

    [Fact]
    public void A_prefix_is_only_reserved_where_one_is_given()
    {
        var merger = new ExpositionMerger(new ExpositionLimits());
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var summary = merger.Add(new TargetLabels([]), "model_runner_up 1\n"u8.ToArray());
        merger.WriteTo(output, ExpositionFormat.Text004, NameEscaping.Underscores);

        Assert.Equal(0, summary.DroppedSamples);
        Assert.Equal("# TYPE model_runner_up untyped\nmodel_runner_up 1\n", System.Text.Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
