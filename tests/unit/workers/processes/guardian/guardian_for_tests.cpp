#include "workers/processes/process_guardian.hpp"

int main() { troupe::guard_processes(); }
