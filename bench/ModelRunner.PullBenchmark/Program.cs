using ModelRunner.PullBenchmark;

// dotnet run -c Release --project bench/ModelRunner.PullBenchmark -- DAEMON DOCKER_REGISTRY [GIB] [ROUNDS]
return await PullBenchmarkCommand.RunAsync(args);
