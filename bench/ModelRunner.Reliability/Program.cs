using ModelRunner.Reliability;

return await ReliabilityCommand.RunAsync(args);
