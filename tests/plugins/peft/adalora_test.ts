import { adalora } from "../../../plugins/peft/adalora.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(adalora);
