namespace ModelRunner.Exposition.Tests.Merging;

public sealed class MetadataMemoryTests
{
    private const string Declared = "# HELP x Why.\n# TYPE x gauge\n# HELP y How.\n# TYPE y counter\n";

    [Fact]
    public void Equal_declarations_count_for_each_source()
    {
        var page = new Page()
            .Add("a", "# HELP x Other.\nx 1\n")
            .Add("b", Declared + "x 2\n")
            .Add("c", Declared + "x 3\ny 4\n");

        // The text of the most sources is written.
        Assert.Equal(
            "# HELP x Why.\n# TYPE x gauge\nx{model=\"a\"} 1\nx{model=\"b\"} 2\nx{model=\"c\"} 3\n# HELP y How.\n# TYPE y counter\ny{model=\"c\"} 4\n",
            page.Write());
        Assert.Equal([1, 4, 4], page.Sources.Select(static source => source.MetadataLines));
    }

    [Fact]
    public void A_source_that_was_removed_is_forgotten()
    {
        var page = new Page(new ExpositionLimits { MaxSamples = 3 })
            .Add("a", Declared + "x 1\n")
            .Add("b", "# TYPE y gauge\n# TYPE x counter\nx 1\nx{k=\"1\"} 1\nx{k=\"2\"} 1\nx{k=\"3\"} 1\n")
            .Add("c", "# TYPE y gauge\n# TYPE z counter\ny 2\n");

        Assert.Equal("# HELP x Why.\n# TYPE x gauge\nx{model=\"a\"} 1\n# HELP y How.\n# TYPE y untyped\ny{model=\"c\"} 2\n", page.Write());
        Assert.Equal(1, page.Conflicts(MergeConflict.Type));
    }

    [Fact]
    public void A_longer_line_with_the_same_start_is_another_one()
    {
        var page = new Page().Add("a", "# HELP x Why\nx 1\n").Add("b", "# HELP x Why not\nx 2\n").Add("c", "# HELP x Why not\nx 3\n");

        Assert.StartsWith("# HELP x Why not\n", page.Write());
    }

    [Fact]
    public void The_limit_of_names_holds_for_a_source_that_repeats_some()
    {
        var page = new Page(new ExpositionLimits { MaxSamples = 2 })
            .Add("a", "# TYPE x gauge\nx 1\n")
            .Add("b", "# TYPE x gauge\n# TYPE p gauge\n# TYPE q gauge\n# TYPE r gauge\nx 2\n");

        Assert.Equal("# TYPE x gauge\nx{model=\"a\"} 1\n", page.Write());
    }
}
