using System.Globalization;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Checks;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Pulling;

/// <summary>What a check found, in words.</summary>
internal static class CheckText
{
    /// <summary>The first name of a model, or the beginning of its id.</summary>
    public static string NameOf(StoreEntry model) => model.ShortNames.FirstOrDefault() ?? ForeignModel.NameOf(model.Id);

    /// <summary>What the file is for.</summary>
    public static string RoleOf(CheckedFile file) => file.IsManifest ? "manifest" : RoleText.Of(file.File);

    /// <summary>The word for what was found out.</summary>
    public static string StateOf(FileCondition condition) => condition switch
    {
        FileCondition.Whole => "whole",
        FileCondition.Damaged => "damaged",
        FileCondition.Missing => "missing",
        _ => "unreadable",
    };

    /// <summary>A sentence about a file that is not whole: what is wrong, and what to do.</summary>
    public static string Describe(CheckedFile file)
    {
        string what = $"its file {file.File.Digest} ({RoleOf(file)})";
        return file.Condition switch
        {
            FileCondition.Missing => $"{what} is missing; {RepairAdvice.Text}",
            FileCondition.Unreadable => $"{what} {file.Problem}; {RemedyOf(file.Cause)}",
            _ when file.IsLoaded => $"{what} {Found(file)}; the model is loaded, itself or as a draft model, so the file stays: unload it, verify again, then "
                + RepairAdvice.Text,
            _ when file.IsSetAside => $"{what} {Found(file)}; it was set aside: {RepairAdvice.Text}, or remove it",
            _ when file.Refusal is { } reason => $"{what} {Found(file)}; it could not be set aside ({file.Problem}), so requests for its models are refused "
                + $"until it is repaired: {RemedyOf(reason)}",
            _ => $"{what} {Found(file)}; it could not be set aside: {file.Problem ?? "it was changed meanwhile, so verify again"}",
        };
    }

    /// <summary>The end of a check.</summary>
    public static string Sum(IReadOnlyList<CheckedModel> models)
    {
        // As in the list of files of one model, a manifest counts apart: it only names the others.
        CheckedFile[] files = [.. models.SelectMany(static model => model.Files).Where(static file => !file.IsManifest)];
        CheckedFile[] different = [.. files.DistinctBy(static file => file.File.Digest)];
        string kind = $"{(different.Length < files.Length ? "different " : "")}file{(different.Length == 1 ? "" : "s")}";
        string count = string.Create(
            CultureInfo.InvariantCulture,
            $"{different.Length} {kind} ({FileSizeText.Format(different.Sum(static file => file.File.Size))}) and {Manifests(models.Count)}");
        int bad = models.Count(static model => model.Bad.Count > 0);
        string all = string.Create(CultureInfo.InvariantCulture, $"{models.Count} model{(models.Count == 1 ? "" : "s")}");
        return models.Count == 0 ? "There are no models in the model store"
            : bad == 0 ? $"Verified {all}: {count}, all intact"
            : string.Create(CultureInfo.InvariantCulture, $"{bad} of {all} {(bad == 1 ? "has" : "have")} damaged, missing or unreadable files");
    }

    private static string Manifests(int count) => count == 1 ? "its manifest" : "their manifests";

    private static string RemedyOf(StoreErrorReason reason) => reason switch
    {
        StoreErrorReason.Busy => "verify again",
        StoreErrorReason.NoSpace => "make space on the disk of the model store, and verify again",
        StoreErrorReason.NotAccessible => "let the daemon write to the model store, and verify again",
        _ => "repair the list of the model store, and verify again",
    };

    private static string RemedyOf(UnreadableCause cause) => cause switch
    {
        UnreadableCause.Denied => "let the user of the daemon read it, then verify again",
        UnreadableCause.NoFile => $"remove what has its name, then {RepairAdvice.Text}",
        UnreadableCause.Unopened => "remove the cause, then verify again",
        UnreadableCause.TooLarge => $"remove the model, then {RepairAdvice.Text}",
        UnreadableCause.Changed => "verify again when nothing writes it",
        _ => "check the disk and the memory of this machine, then verify again",
    };

    private static string Found(CheckedFile file) => file.FoundSize == file.File.Size
        ? $"is damaged: its bytes have the digest {file.Found}"
        : string.Create(CultureInfo.InvariantCulture, $"is damaged: it has {file.FoundSize} bytes, and should have {file.File.Size}");
}
