using System.Globalization;
using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// Ids of models in the form of Docker Model Runner, <c>sha256:</c> and 64 digits: its command line fails for any other. For a pulled model it is the
/// digest of its manifest. Any other model has no manifest; its id follows from its name, and from the size and the last write of its file.
/// </summary>
internal static class ModelIds
{
    private const int MinDigits = 12;

    /// <summary>The id of a model.</summary>
    public static Digest Of(ModelEntry model, StoreIndex index)
    {
        if (StoredModels.Find(index, model) is { Entry.Id: var id })
            return id;
        string identity = string.Create(CultureInfo.InvariantCulture, $"{model.Reference}\n{model.SizeBytes}\n{model.Created.UtcTicks}");
        return new Digest(Digest.Sha256, Convert.ToHexStringLower(Sha256.Hash(Encoding.UTF8.GetBytes(identity))));
    }

    /// <summary>The digits of an id, or of its beginning, as a client may write it; null: it is none.</summary>
    public static string? DigitsOf(string written)
    {
        bool hasAlgorithm = written.StartsWith("sha256:", StringComparison.Ordinal);
        string hex = hasAlgorithm ? written["sha256:".Length..] : written;
        bool isLongEnough = hex.Length is MinDigits or 64 || (hasAlgorithm && hex.Length is > MinDigits and < 64);
        return isLongEnough && Digest.IsHex(hex) ? hex : null;
    }
}
