using ModelRunner.Daemon.Pulling;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Checks;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>The sentences of <c>model-runner verify</c>.</summary>
public sealed class CheckTextTests
{
    private static readonly Digest Id = ContentHash.Of("a"u8);

    [Theory]
    [InlineData(UnreadableCause.Hardware, "has other bytes each time it is read", "check the disk and the memory of this machine, then verify again")]
    [InlineData(UnreadableCause.Denied, "may not be read by this user", "let the user of the daemon read it, then verify again")]
    [InlineData(UnreadableCause.NoFile, "is a folder", "remove what has its name, then pull, load or package the model again")]
    [InlineData(UnreadableCause.Unopened, "cannot be opened: Too many open files", "remove the cause, then verify again")]
    [InlineData(UnreadableCause.TooLarge, "has 5 bytes, and a manifest has at most 4", "remove the model, then pull, load or package the model again")]
    internal void The_advice_fits_the_cause(UnreadableCause cause, string problem, string advice)
    {
        var file = new CheckedFile(new Descriptor("", Id, 1), FileCondition.Unreadable) { IsManifest = true, Problem = problem, Cause = cause };

        Assert.Equal($"its file {Id} (manifest) {problem}; {advice}", CheckText.Describe(file));
    }

    [Theory]
    [InlineData(StoreErrorReason.Busy, "another process has had the lock of the model store, its file .lock, for 10 s", "verify again")]
    [InlineData(
        StoreErrorReason.NotAccessible, "the model store cannot be written: this user must not write there",
        "let the daemon write to the model store, and verify again")]
    [InlineData(StoreErrorReason.NoSpace, "there is no space for the list of models", "make space on the disk of the model store, and verify again")]
    [InlineData(
        StoreErrorReason.Damaged, "models.json of the model store cannot be understood", "repair the list of the model store, and verify again")]
    internal void A_file_that_cannot_be_set_aside_is_named_with_the_cause_and_one_way_out(StoreErrorReason reason, string problem, string remedy)
    {
        var file = new CheckedFile(new Descriptor("", Id, 4), FileCondition.Damaged)
        {
            IsManifest = true, FoundSize = 5, Problem = problem, Refusal = reason,
        };

        Assert.Equal(
            $"its file {Id} (manifest) is damaged: it has 5 bytes, and should have 4; it could not be set aside ({problem}), so requests for "
            + $"its models are refused until it is repaired: {remedy}",
            CheckText.Describe(file));
    }

    [Theory]
    [InlineData(0, 0, "There are no models in the model store")]
    [InlineData(0, 1, "Verified 1 model: 1 file (4 B) and its manifest, all intact")]
    [InlineData(0, 2, "Verified 2 models: 1 different file (4 B) and their manifests, all intact")]
    [InlineData(1, 1, "1 of 1 model has damaged, missing or unreadable files")]
    [InlineData(1, 3, "1 of 3 models has damaged, missing or unreadable files")]
    [InlineData(2, 3, "2 of 3 models have damaged, missing or unreadable files")]
    public void The_sum_counts_models(int bad, int all, string text)
    {
        CheckedModel[] models = [.. Enumerable.Range(0, all).Select(number => new CheckedModel(
            new StoreEntry(Id, [], []),
            [
                new CheckedFile(new Descriptor("", ContentHash.Of([(byte)number]), 1), FileCondition.Whole) { IsManifest = true },
                new CheckedFile(new Descriptor("", Id, 4), number < bad ? FileCondition.Missing : FileCondition.Whole),
            ]))];

        Assert.Equal(text, CheckText.Sum(models));
    }
}
