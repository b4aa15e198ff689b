// What sync_type_enum.rs becomes.
const _: () = {
    fn __realtime_type_0(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <String as ::realtime_core::__private::Described>::describe(types)
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::Described for State {
        fn describe(
            types: &mut ::realtime_core::__private::Types,
        ) -> ::realtime_core::__private::Ty {
            types
                .named::<
                    Self,
                >(
                    "State",
                    |types| {
                        let _ = &types;
                        ::realtime_core::__private::TypeDef {
                            name: "State".into(),
                            doc: "".into(),
                            shape: ::realtime_core::__private::Shape::TaggedEnum(
                                "kind".into(),
                                ::std::vec![
                                    ::realtime_core::__private::Variant { rust : "Draft".into(),
                                    name : "draft".into(), doc : "".into(), fields :
                                    ::realtime_core::__private::VariantFields::Unit },
                                    ::realtime_core::__private::Variant { rust : "InReview"
                                    .into(), name : "in-review".into(), doc : "".into(), fields
                                    :
                                    ::realtime_core::__private::VariantFields::Struct(::std::vec![::realtime_core::__private::Field
                                    { number : 0, rust : "by".into(), name : "by".into(), ty :
                                    __realtime_type_0(types), doc : "".into(), optional : false,
                                    rules : ::std::vec![], }]) }
                                ],
                            ),
                            copy: {
                                use ::realtime_core::__private::lowered::NotCopy as _;
                                ::realtime_core::__private::lowered::CopyProbe::<
                                    State,
                                >::COPY
                            },
                        }
                    },
                )
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::lowered::Has<
        ::realtime_core::__private::lowered::m::clone,
    > for State {}
};
#[automatically_derived]
impl ::realtime_core::__private::lowered::Part for State {}
