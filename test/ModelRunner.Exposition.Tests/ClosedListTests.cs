namespace ModelRunner.Exposition.Tests;

public sealed class ClosedListTests
{
    [Fact]
    public void Every_reason_has_a_word_of_its_own()
    {
        Assert.Equal(Enum.GetValues<ExpositionErrorReason>(), ExpositionErrorReasons.All);
        Assert.All(ExpositionErrorReasons.All, reason => Assert.Matches("^[a-z0-9_]+$", reason.ToLabelValue()));
        Assert.Distinct(ExpositionErrorReasons.All.Select(reason => reason.ToLabelValue()));
    }

    [Fact]
    public void Every_conflict_has_a_word_of_its_own()
    {
        Assert.Equal(Enum.GetValues<MergeConflict>(), MergeConflicts.All);
        Assert.All(MergeConflicts.All, conflict => Assert.Matches("^[a-z_]+$", conflict.ToLabelValue()));
        Assert.Equal(MergeConflicts.All.Count, MergeConflicts.All.Select(conflict => conflict.ToLabelValue()).Distinct().Count());
    }
}
