namespace ModelRunner.Daemon.Models;

/// <summary>An alias that is also the name of a model, which would hide that model.</summary>
/// <param name="Alias">The alias, as a canonical reference.</param>
/// <param name="Owner">The model to which the alias belongs.</param>
/// <param name="FileName">The file of the model that has this name; null: an attached runner or an entry of the configuration has it.</param>
internal sealed record AliasClash(string Alias, string Owner, string? FileName)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"the alias {Alias} of {Owner} is not used: {(FileName is null ? "another model" : $"the file {FileName}")} has this name; rename one of them";
}
