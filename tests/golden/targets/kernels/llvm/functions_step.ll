; ModuleID = "functions_step"
target triple = ""
target datalayout = ""

define internal float @"functions_step.square"(float %".1") nounwind
{
entry:
  %".3" = fmul float %".1", %".1"
  ret float %".3"
}

define internal void @"functions_step.scale"(ptr %".1", ptr %".2", float %".3") nounwind
{
entry:
  br label %"L3.head"
L3.head:
  %".6" = phi  i64 [0, %"entry"], [%".17", %"L3.body"]
  %".7" = icmp slt i64 %".6", 12
  br i1 %".7", label %"L3.body", label %"L3.end"
L3.body:
  %".9" = trunc i64 %".6" to i32
  %".10" = sext i32 %".9" to i64
  %".11" = sext i32 %".9" to i64
  %".12" = getelementptr inbounds float, ptr %".1", i64 %".11"
  %".13" = load float, ptr %".12"
  %".14" = fmul float %".13", %".3"
  %".15" = getelementptr inbounds float, ptr %".2", i64 %".10"
  store float %".14", ptr %".15"
  %".17" = add i64 %".6", 1
  br label %"L3.head"
L3.end:
  ret void
}

define internal i32 @"functions_step.sum3"(ptr %".1", i32 %".2") nounwind
{
entry:
  %".4" = sext i32 %".2" to i64
  %".5" = getelementptr inbounds [3 x i32], ptr %".1", i64 0, i64 %".4"
  %".6" = load i32, ptr %".5"
  %".7" = sext i32 %".2" to i64
  %".8" = getelementptr inbounds [3 x i32], ptr %".1", i64 1, i64 %".7"
  %".9" = load i32, ptr %".8"
  %".10" = add nsw i32 %".6", %".9"
  %".11" = sext i32 %".2" to i64
  %".12" = getelementptr inbounds [3 x i32], ptr %".1", i64 2, i64 %".11"
  %".13" = load i32, ptr %".12"
  %".14" = add nsw i32 %".10", %".13"
  ret i32 %".14"
}

define void @"functions_step"(ptr captures(none) noalias readonly %"a", i8 %"on", ptr captures(none) noalias %"mean", ptr captures(none) noalias %"hash", ptr captures(none) noalias %"half", ptr captures(none) noalias %"det") nounwind
{
entry:
  %".8" = zext i8 %"on" to i32
  %".9" = icmp ne i32 %".8", 0
  %"grid" = alloca [3 x [3 x i32]]
  br label %"L0.head"
L0.head:
  %".11" = phi  i64 [0, %"entry"], [%".26", %"if.end"]
  %"total" = phi  float [             0x0, %"entry"], [%"total.1", %"if.end"]
  %"h" = phi  i32 [-2128831035, %"entry"], [%".25", %"if.end"]
  %".12" = icmp slt i64 %".11", 12
  br i1 %".12", label %"L0.body", label %"L0.end"
L0.body:
  %".14" = sub i64 11, %".11"
  %".15" = trunc i64 %".14" to i32
  br i1 %".9", label %"if.then", label %"if.else"
L0.end:
  %".28" = fdiv float %"total", 0x4028000000000000
  %".29" = call float @"llvm.sqrt.f32"(float %".28")
  store float %".29", ptr %"mean"
  store i32 %"h", ptr %"hash"
  call void @"functions_step.scale"(ptr %"a", ptr %"half", float 0x3fe0000000000000)
  br label %"L1.head"
if.then:
  %".17" = sext i32 %".15" to i64
  %".18" = getelementptr inbounds float, ptr %"a", i64 %".17"
  %".19" = load float, ptr %".18"
  %".20" = call float @"functions_step.square"(float %".19")
  %".21" = fadd float %"total", %".20"
  br label %"if.end"
if.else:
  br label %"if.end"
if.end:
  %"total.1" = phi  float [%".21", %"if.then"], [%"total", %"if.else"]
  %".24" = xor i32 %"h", %".15"
  %".25" = mul i32 %".24", 16777619
  %".26" = add i64 %".11", 1
  br label %"L0.head"
L1.head:
  %".34" = phi  i64 [0, %"L0.end"], [%".52", %"L2.end"]
  %".35" = icmp slt i64 %".34", 3
  br i1 %".35", label %"L1.body", label %"L1.end"
L1.body:
  %".37" = trunc i64 %".34" to i32
  br label %"L2.head"
L1.end:
  %".54" = call i32 @"functions_step.sum3"(ptr %"grid", i32 0)
  %".55" = mul nsw i32 %".54", 100
  %".56" = call i32 @"functions_step.sum3"(ptr %"grid", i32 2)
  %".57" = add nsw i32 %".55", %".56"
  store i32 %".57", ptr %"det"
  ret void
L2.head:
  %".39" = phi  i64 [0, %"L1.body"], [%".50", %"L2.body"]
  %".40" = icmp slt i64 %".39", 3
  br i1 %".40", label %"L2.body", label %"L2.end"
L2.body:
  %".42" = trunc i64 %".39" to i32
  %".43" = sext i32 %".37" to i64
  %".44" = sext i32 %".42" to i64
  %".45" = mul nsw i32 3, %".37"
  %".46" = mul nsw i32 %".42", %".42"
  %".47" = sub nsw i32 %".45", %".46"
  %".48" = getelementptr inbounds [3 x i32], ptr %"grid", i64 %".43", i64 %".44"
  store i32 %".47", ptr %".48"
  %".50" = add i64 %".39", 1
  br label %"L2.head"
L2.end:
  %".52" = add i64 %".34", 1
  br label %"L1.head"
}

declare float @"llvm.sqrt.f32"(float %".1")
