using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>The name of an account as text. Its parts are empty for requests whose model is not known.</summary>
/// <param name="Backend">The backend; empty for accounts that are not of one model.</param>
/// <param name="Model">The canonical model reference.</param>
/// <param name="Mode">The mode; empty for accounts that are not of one model.</param>
internal readonly record struct AccountName(string Backend, string Model, string Mode)
{
    /// <summary>Requests whose model is not known.</summary>
    public static AccountName Unknown { get; } = new("", "", "");

    /// <summary>The name of a model's account, or <see cref="Unknown"/>.</summary>
    public static AccountName Of(RunnerKey? key) =>
        key is { } known ? new AccountName(known.Backend, known.Model, ModeText.Format(known.Mode)) : Unknown;

    /// <summary>Backend, model and mode; null if the account is not of one model.</summary>
    public RunnerKey? Key => ModeText.TryParse(Mode, out RunnerMode mode) ? new RunnerKey(Backend, Model, mode) : null;
}
