using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>The name of an account as text. Its parts are empty for requests whose model is not known.</summary>
/// <param name="Backend">The backend; empty for accounts that are not of one model.</param>
/// <param name="Model">The canonical model reference.</param>
/// <param name="Mode">The mode; empty for accounts that are not of one model.</param>
/// <param name="KeyName">The name of the key with which the requests were sent; <see cref="Configuration.KeyName.None"/> for what is of no key.</param>
internal readonly record struct AccountName(string Backend, string Model, string Mode, string KeyName)
{
    /// <summary>The name of a model's account, or of requests whose model is not known.</summary>
    /// <param name="key">Backend, model and mode; null: the model is not known.</param>
    /// <param name="keyName">The name of the key.</param>
    public static AccountName Of(RunnerKey? key, string keyName = Configuration.KeyName.None) =>
        key is { } known ? new AccountName(known.Backend, known.Model, ModeText.Format(known.Mode), keyName) : new AccountName("", "", "", keyName);

    /// <summary>Backend, model and mode; null if the account is not of one model.</summary>
    public RunnerKey? Key => ModeText.TryParse(Mode, out RunnerMode mode) ? new RunnerKey(Backend, Model, mode) : null;
}
