using ModelRunner.Daemon.Api;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The error of a prune tells what was removed before it.</summary>
public sealed class PruneTextTests
{
    [Theory]
    [InlineData(1, 0, "failed; 1 file that no model needs (5 B) was removed before this error")]
    [InlineData(2, 1, "failed; 2 files that no model needs (10 B) and 1 model: me/0 (7 B) were removed before this error")]
    [InlineData(0, 1, "failed; 1 model: me/0 (7 B) was removed before this error")]
    [InlineData(0, 3, "failed; 3 models: me/0, me/1, me/2 (21 B) were removed before this error")]
    public void Files_are_counted_and_models_are_named(int files, int models, string text) =>
        Assert.Equal(text, PruneText.WithRemoved("failed", Make(files, models)));

    [Fact]
    public void The_names_of_many_models_are_cut()
    {
        string text = PruneText.WithRemoved("failed", Make(0, 5000));

        Assert.EndsWith(", me/19, and 4980 more (35.00 kB) were removed before this error", text, StringComparison.Ordinal);
    }

    private static PrunedItem[] Make(int files, int models) =>
    [
        .. Enumerable.Range(0, files).Select(static number => new PrunedItem("partial", $"{number}", 5, "no running pull needs it")),
        .. Enumerable.Range(0, models).Select(static number =>
            new PrunedItem("model", $"me/{number}", 7, "not used", new StoreEntry(ContentHash.Of([(byte)number]), [], []))),
    ];
}
