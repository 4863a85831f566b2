using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class ModelOverrideTests
{
    private static readonly ModelSettings Written = new()
    {
        ContextSize = 512, KeepAlive = TimeSpan.FromMinutes(1), Arguments = ["--threads", "4"], Concurrency = 3, Aliases = ["other:latest"],
    };

    [Fact]
    public void What_is_not_named_stays_as_the_file_says()
    {
        ModelSettings settings = new ModelOverride { KeepAlive = TimeSpan.Zero, Arguments = ["--threads", "2"] }.ApplyTo(Written);

        Assert.Equal((512, TimeSpan.Zero, 3), (settings.ContextSize, settings.KeepAlive, settings.Concurrency));
        Assert.Equal(["--threads", "4", "--threads", "2"], settings.Arguments);
        Assert.Same(Written.Aliases, settings.Aliases);
        Assert.True(ModelOverride.None.ApplyTo(Written).IsSameAs(Written));
        Assert.True(ModelOverride.None.IsEmpty);
    }

    [Fact]
    public void A_context_replaces_that_of_the_file_in_every_form()
    {
        ModelSettings withArgument = Written with { ContextSize = null, Arguments = ["--threads", "4", "--ctx-size", "1024"] };

        ModelSettings number = new ModelOverride { ContextSize = 64 }.ApplyTo(withArgument);
        ModelSettings auto = new ModelOverride { HasAutoContext = true }.ApplyTo(Written);
        ModelSettings whole = new ModelOverride { ContextSize = ModelOverride.WholeContext }.ApplyTo(Written);
        ModelSettings flag = new ModelOverride { Arguments = ["--ctx-size", "2048"] }.ApplyTo(Written);

        Assert.Equal(64, number.ContextSize);
        Assert.Equal(["--threads", "4"], number.Arguments);
        Assert.Equal((null, true), (auto.ContextSize, auto.HasAutoContext));
        Assert.Null(whole.ContextSize);
        Assert.Equal(["--threads", "4", "--ctx-size", "0"], whole.Arguments);
        Assert.Null(flag.ContextSize);
        Assert.Equal(["--threads", "4", "--ctx-size", "2048"], flag.Arguments);
    }

    [Fact]
    public void Two_contexts_are_found_and_equal_changes_too()
    {
        var both = new ModelOverride { ContextSize = 64, Arguments = ["--ctx-size", "2048"] };

        Assert.True(both.HasTwoContexts);
        Assert.False((both with { ContextSize = null }).HasTwoContexts);
        Assert.True(both.IsSameAs(both with { Arguments = ["--ctx-size", "2048"] }));
        Assert.False(both.IsSameAs(both with { Arguments = null }));
    }
}
