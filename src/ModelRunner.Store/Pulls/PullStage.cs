namespace ModelRunner.Store.Pulls;

/// <summary>What a pull does now.</summary>
internal enum PullStage
{
    /// <summary>Other pulls run first.</summary>
    Waiting,

    /// <summary>It asks the server which files the model has.</summary>
    Resolving,

    /// <summary>It fetches the files.</summary>
    Fetching,

    /// <summary>It has ended.</summary>
    Ended,
}
