using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary>The options of <c>configure</c> for the draft model, with the names that Docker Model Runner's command has.</summary>
internal sealed class DraftOptions
{
    private readonly Option<string> _model = new("--speculative-draft-model")
    {
        Description = "A small model that proposes tokens to this one; \"\": none, also if the configuration has one", HelpName = "NAME",
    };

    private readonly Option<int?> _tokens = new("--speculative-num-tokens")
    {
        Description = "With --speculative-draft-model: the most tokens that it proposes at once", HelpName = "N",
    };

    private readonly Option<double?> _rate = new("--speculative-min-acceptance-rate")
    {
        Description = "With --speculative-draft-model: the least probability of a token that it proposes, 0 to 1", HelpName = "P",
    };

    public IEnumerable<Option> All => [_model, _tokens, _rate];

    /// <summary>Whether the user wrote one of them.</summary>
    public bool IsIn(ParseResult result) => result.GetValue(_model) is not null;

    /// <summary>Checks what the user wrote.</summary>
    /// <exception cref="CliFailure">A value is out of range, or has no draft model that it belongs to.</exception>
    public void Check(ParseResult result)
    {
        (string? model, int? tokens, double? rate) = (result.GetValue(_model), result.GetValue(_tokens), result.GetValue(_rate));
        if (string.IsNullOrEmpty(model) && (tokens is not null || rate is not null))
            throw new CliFailure($"{(tokens is not null ? _tokens.Name : _rate.Name)} needs {_model.Name} with the name of a model", ExitCode.Usage);
        if (tokens is < 1 or > DraftSettings.MostTokens)
        {
            throw FlagError.Of(
                _tokens.Name, tokens.Value.ToString(CultureInfo.InvariantCulture), $"is not a number of tokens from 1 to {DraftSettings.MostTokens}");
        }

        if (rate is not (null or (>= 0 and <= 1)))
            throw FlagError.Of(_rate.Name, rate.Value.ToString(CultureInfo.InvariantCulture), "is not a number from 0 to 1");
    }

    /// <summary>Adds the member of the request; nothing if the user wrote none of them.</summary>
    public void Write(ParseResult result, Utf8JsonWriter json)
    {
        if (result.GetValue(_model) is not { } model)
            return;
        json.WriteStartObject("speculative");
        json.WriteString("draft_model", model.Trim());
        if (result.GetValue(_tokens) is { } tokens)
            json.WriteNumber("num_tokens", tokens);
        if (result.GetValue(_rate) is { } rate)
            json.WriteNumber("min_acceptance_rate", rate);
        json.WriteEndObject();
    }

    /// <summary>The draft model in the settings of a model, in a few words; empty: it was not changed.</summary>
    public static string Describe(JsonElement config)
    {
        if (config.Member("speculative") is not { } draft)
            return "";
        string model = draft.Text("draft_model");
        string tokens = draft.Member("num_tokens") is { } most ? $", at most {most} tokens" : "";
        string rate = draft.Member("min_acceptance_rate") is { } least ? $", from {least}" : "";
        return model.Length == 0 ? "none" : $"{model}{tokens}{rate}";
    }
}
